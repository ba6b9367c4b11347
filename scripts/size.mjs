// `npm run size`: bytes of the main entry in a page: everything it exports, bundled and minified by
// Vite, and the wasm. The budget is for gzip. Source maps are not counted.
//   npm run size -- --json     machine-readable; measures pkg/ without building it
//   npm run size -- --figures  also writes the table of docs/figures.md
// Written by hand: size-limit needs Node 22, and bundles by esbuild or webpack instead of Vite.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { markdownTable, writeFigures } from "../bench/figures.mjs";
import { build as buildPackage } from "./build.mjs";
import { printTable, printTitle, Remedy, runScript } from "./lib/output.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const BUDGET_BYTES = 107 * 1024;
/** Gzipped bytes of a framework's entry, without the framework and without the main entry. */
const FRAMEWORK_BUDGET_BYTES = 2 * 1024;
const frameworks = ["react", "vue", "svelte"];
/** Budgets of the subpath entries: bytes that each adds to the main entry, gzipped. */
const SUBPATH_BUDGETS = {
  "pocketsage/inline": 77 * 1024, // the wasm itself
  "pocketsage/remote": 18 * 1024, // codec of compact medoids, checks of all engines' options
  "pocketsage/evaluate": 2 * 1024,
  "pocketsage/names": 1 * 1024,
  "pocketsage/text": 5 * 1024,
  "pocketsage/ranged": 12 * 1024,
  "pocketsage/privacy": 10 * 1024,
  "pocketsage/privacy/server": 3 * 1024,
  "pocketsage/privacy/ohttp": 11 * 1024, // @hpke/core among them
  "pocketsage/vault": 6 * 1024,
  "pocketsage/migrate": 4 * 1024,
};
/** Encodings of a file; its size is measured in each. */
const encodings = ["raw", "gzip", "brotli"];

await runScript(async () => {
  const asJson = process.argv.includes("--json");
  if (!asJson) {
    await setup();
    await buildPackage();
  }
  const wasm = await readFile(join(root, "pkg", "wasm", "core_bg.wasm"));
  const parts = [
    measurePart("wasm", wasm),
    measurePart("JavaScript, all exports", await bundle('export * from "pocketsage";')),
  ];
  const sumOfParts = (encoding) => parts.reduce((sum, part) => sum + part[encoding], 0);
  const wasmAndJavaScript = {
    name: "both",
    ...Object.fromEntries(encodings.map((encoding) => [encoding, sumOfParts(encoding)])),
  };
  const usualImports = measurePart(
    "JavaScript, usual imports",
    await bundle('export { Catalogue, openSage, indexedDbStore } from "pocketsage";'),
  );
  const entries = [];
  for (const name of frameworks) {
    const path = `pocketsage/${name}`;
    entries.push(measurePart(path, await bundle(`export * from "${path}";`)));
  }
  const totalGzipBytes = wasmAndJavaScript.gzip;
  const excessBytes = totalGzipBytes - BUDGET_BYTES;

  let subpathComplaints = [];
  if (asJson) {
    const report = {
      parts: [...parts, usualImports, ...entries],
      total: totalGzipBytes,
      budget: BUDGET_BYTES,
      frameworkBudget: FRAMEWORK_BUDGET_BYTES,
    };
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    printTitle("Size, bytes");
    const subpaths = await measureSubpaths(parts[1]);
    const measured = [...parts, wasmAndJavaScript, usualImports, ...subpaths, ...entries];
    const table = [["part", ...encodings], ...measured.map(rowOf)];
    printTable(table);
    if (process.argv.includes("--figures")) await writeFigures("size", markdownTable(table));
    const [totalKilobytes, budgetKilobytes] = [
      (totalGzipBytes / 1024).toFixed(1),
      BUDGET_BYTES / 1024,
    ];
    console.log(`\n  ${totalKilobytes} KB gzipped of a budget of ${budgetKilobytes} KB`);
    subpathComplaints = subpaths.flatMap(complaintsAboutSubpath);
  }
  for (const { name, gzip } of entries)
    if (gzip > FRAMEWORK_BUDGET_BYTES)
      throw new Remedy(
        `${name} has ${gzip} bytes gzipped, of a budget of ${FRAMEWORK_BUDGET_BYTES}: ` +
          "make ts/frameworks/ smaller.",
      );
  if (subpathComplaints.length > 0) throw new Remedy(subpathComplaints.join("\n"));
  if (excessBytes > 0)
    throw new Remedy(
      `The main entry has ${totalGzipBytes} bytes gzipped, ${excessBytes} more than its budget ` +
        `of ${BUDGET_BYTES}. Make it smaller, or raise BUDGET_BYTES in scripts/size.mjs and give ` +
        "the reason in docs/decisions/0016-bytes-are-counted.md.",
    );
});

/** The sizes in bytes of a part of the package, in every encoding. */
function measurePart(name, content) {
  const gzip = gzipSync(content, { level: 9 }).length;
  return { name, raw: content.length, gzip, brotli: brotliCompressSync(content).length };
}

/** The name of a part and its sizes, a row of the table. */
function rowOf(part) {
  return [part.name, ...encodings.map((encoding) => part[encoding])];
}

/** A complaint if a subpath entry exceeds its budget or has none. */
function complaintsAboutSubpath({ name, path, gzip }) {
  const budget = SUBPATH_BUDGETS[path];
  if (gzip <= budget) return [];
  return [
    `${name}: ${gzip} bytes gzipped, budget ${budget ?? "missing"}. Make it smaller, or set its ` +
      "budget in SUBPATH_BUDGETS in scripts/size.mjs.",
  ];
}

/** The sizes that each subpath entry adds to the JavaScript of the main entry. */
async function measureSubpaths(mainEntry) {
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const names = Object.keys(exports)
    .filter((name) => exports[name].types && name !== ".")
    .filter((name) => !frameworks.includes(name.slice(2)));
  const subpaths = [];
  for (const name of names) {
    const path = name.replace(".", "pocketsage");
    const code = await bundle(`export * from "pocketsage"; export * from "${path}";`);
    const both = { ...measurePart(`${path}, in addition`, code), path };
    for (const encoding of encodings) both[encoding] -= mainEntry[encoding];
    subpaths.push(both);
  }
  return subpaths;
}

/** The minified JavaScript of an entry module, without source maps and without the wasm. */
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
      rollupOptions: {
        input: join(folder, "entry.js"),
        preserveEntrySignatures: "strict",
        external: frameworks,
      },
    },
  });
  const chunks = output.filter((part) => part.type === "chunk");
  return Buffer.from(chunks.map((part) => part.code).join(""));
}
