// `npm run size`: bytes of the main entry in a page: everything it exports, bundled and minified by
// Vite, and the wasm. The budget is for gzip. Source maps are not counted.
//   npm run size -- --json     machine-readable, of what is already built
// By hand: size-limit needs Node 22, and bundles by esbuild or webpack instead of Vite.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build as buildPackage } from "./build.mjs";
import { printTable, printTitle, Remedy, runScript } from "./lib/output.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const BUDGET_BYTES = 112 * 1024;
const sizes = ["raw", "gzip", "brotli"];

await runScript(async () => {
  const json = process.argv.includes("--json");
  if (!json) {
    await setup();
    await buildPackage();
  }
  const wasm = await readFile(join(root, "pkg", "wasm", "core_bg.wasm"));
  const parts = [
    measure("wasm", wasm),
    measure("JavaScript, all exports", await bundle('export * from "pocketsage";')),
  ];
  const sum = (size) => parts.reduce((total, part) => total + part[size], 0);
  const both = { name: "both", ...Object.fromEntries(sizes.map((size) => [size, sum(size)])) };
  const usual = measure(
    "JavaScript, usual imports",
    await bundle('export { Catalogue, openSage, indexedDbStore } from "pocketsage";'),
  );
  const total = both.gzip;

  if (json) {
    const report = { parts: [...parts, usual], total, budget: BUDGET_BYTES };
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    printTitle("Size, bytes");
    const rows = [...parts, both, usual].map((part) => [
      part.name,
      ...sizes.map((size) => part[size]),
    ]);
    printTable([["part", ...sizes], ...rows]);
    const [have, budget] = [(total / 1024).toFixed(1), BUDGET_BYTES / 1024];
    console.log(`\n  ${have} KB gzipped of a budget of ${budget} KB`);
  }
  if (total > BUDGET_BYTES)
    throw new Remedy(
      `The main entry has ${total} bytes gzipped, ${total - BUDGET_BYTES} more than its budget ` +
        `of ${BUDGET_BYTES}. Make it smaller, or raise BUDGET_BYTES in scripts/size.mjs and give ` +
        "the reason in docs/decisions/0016-bytes-are-counted.md.",
    );
});

function measure(name, content) {
  const gzip = gzipSync(content, { level: 9 }).length;
  return { name, raw: content.length, gzip, brotli: brotliCompressSync(content).length };
}

/** The minified JavaScript of an entry, without source maps; the wasm stays a separate file. */
async function bundle(entry) {
  const { build } = await import("vite");
  const folder = join(root, "target", "size");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "entry.js"), entry);
  const { output } = await build({
    root: folder,
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      sourcemap: false,
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: { input: join(folder, "entry.js"), preserveEntrySignatures: "strict" },
    },
  });
  const chunks = output.filter((part) => part.type === "chunk");
  return Buffer.from(chunks.map((part) => part.code).join(""));
}
