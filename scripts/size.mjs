// `npm run size`: what the main entry costs a page, gzipped: everything it exports, bundled and minified by Vite, and the wasm.
//   npm run size -- --json     machine-readable, of what is already built
import { readFile, rm, writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as buildPackage } from "./build.mjs";
import { Remedy, script, table, title } from "./lib/say.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const budget = 108 * 1024;

await script(async () => {
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
  const job = measure(
    "JavaScript, the main job",
    await bundle('export { Catalogue, openSage, indexedDbStore } from "pocketsage";'),
  );
  const total = parts.reduce((sum, part) => sum + part.gzip, 0);

  if (json) console.log(JSON.stringify({ parts: [...parts, job], total, budget }, undefined, 2));
  else {
    title("Size, bytes");
    const rows = [...parts, { name: "both", raw: parts[0].raw + parts[1].raw, gzip: total }, job];
    table([["part", "raw", "gzip"], ...rows.map(({ name, raw, gzip }) => [name, raw, gzip])]);
    console.log(`\n  ${(total / 1024).toFixed(1)} KB gzipped of a budget of ${budget / 1024} KB`);
  }
  if (total > budget)
    throw new Remedy(
      `The main entry is ${total} bytes gzipped, ${total - budget} over its budget of ${budget}.`,
    );
});

function measure(name, content) {
  return { name, raw: content.length, gzip: gzipSync(content, { level: 9 }).length };
}

/** The minified JavaScript of an entry as an application would ship it; the wasm stays a file of its own. */
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
      assetsInlineLimit: 0,
      modulePreload: false,
      rollupOptions: { input: join(folder, "entry.js"), preserveEntrySignatures: "strict" },
    },
  });
  return Buffer.from(
    output
      .filter((part) => part.type === "chunk")
      .map((part) => part.code)
      .join(""),
  );
}
