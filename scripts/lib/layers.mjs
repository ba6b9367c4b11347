// The layers of the tests: what each runs, and how its output is counted.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./versions.mjs";

const wasmPack = ["test", "--mode", "no-install"];

/** Layers of the Rust core. A cargo layer must count at least one test, as every other. */
const cargoLayers = [
  { name: "core", command: "cargo", args: ["test", "--no-fail-fast"], minutes: 20 },
  {
    name: "core-wee_alloc",
    command: "cargo",
    args: ["test", "--no-fail-fast", "--features", "wee_alloc"],
    minutes: 20,
  },
  { name: "wasm-node", command: "wasm-pack", args: [...wasmPack, "--node"], minutes: 15 },
  {
    name: "wasm-wee_alloc",
    command: "wasm-pack",
    args: [...wasmPack, "--node", "--", "--features", "wee_alloc"],
    minutes: 15,
  },
  {
    name: "wasm-chromium",
    command: "wasm-pack",
    args: [...wasmPack, "--headless", "--chrome"],
    minutes: 15,
    browser: true,
  },
];

/** Folders of tests/ that must exist and hold tests: a layer that vanishes is a failure, not a shorter run. */
const expected = ["browser", "cli", "docs", "edge", "golden", "js", "packages", "page", "workerd"];

/** Every layer, the core's first; each other folder of tests/ that holds `*.test.mjs` or `*.test.js` is one too. */
export async function layers() {
  const folders = existsSync(join(root, "tests"))
    ? await readdir(join(root, "tests"), { withFileTypes: true })
    : [];
  const names = new Set([
    ...expected,
    ...folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name),
  ]);
  names.delete("remote"); // real engines: `npm run test:remote`
  const nodeLayers = await Promise.all([...names].sort().map(nodeLayer));
  return [
    ...cargoLayers,
    ...nodeLayers.filter((layer) => layer.files.length > 0 || expected.includes(layer.name)),
  ];
}

/** Do the words of the command line choose this layer? `wasm` chooses all layers that begin with `wasm-`. */
export function chosen(layer, words) {
  return (
    words.length === 0 ||
    words.some((word) => layer.name === word || layer.name.startsWith(`${word}-`))
  );
}

/** `{ passed, failed, skipped }` of a layer's output: libtest and wasm-bindgen-test lines, or the node test runner's summary. */
export function count(output) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    total.passed += Number(passed);
    total.failed += Number(failed);
    total.skipped += Number(ignored);
  }
  const kinds = {
    pass: "passed",
    fail: "failed",
    cancelled: "failed",
    skipped: "skipped",
    todo: "skipped",
  };
  for (const [, kind, number] of output.matchAll(
    /^(?:ℹ|#) (pass|fail|cancelled|skipped|todo) (\d+)$/gm,
  )) {
    total[kinds[kind]] += Number(number);
  }
  return total;
}

async function nodeLayer(name) {
  const folder = join(root, "tests", name);
  const found = existsSync(folder) ? await readdir(folder, { recursive: true }) : [];
  const files = found
    .filter((file) => /\.test\.m?js$/.test(file))
    .map((file) => join("tests", name, file))
    .sort();
  return {
    name,
    files,
    command: process.execPath,
    args: ["--test", "--test-reporter=spec", ...files],
    minutes: 15,
    browser: true,
  };
}
