// The test suites: the command of each, and the number of passed and failed tests in its output.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Remedy } from "./output.mjs";
import { MODULES_FLAG } from "./run.mjs";
import { root, rust } from "./versions.mjs";

const wasmPackTest = ["test", "--mode", "no-install"];
const firefoxRunner = [process.execPath, join(root, "tests", "browser", "wasm-runner.mjs")];

/** Suites of the Rust core. */
const cargoSuites = [
  { name: "core", command: "cargo", args: ["test", "--no-fail-fast"], minutes: 20 },
  {
    name: "core-wee_alloc",
    command: "cargo",
    args: ["test", "--no-fail-fast", "--features", "wee_alloc"],
    minutes: 20,
  },
  { name: "wasm-node", command: "wasm-pack", args: [...wasmPackTest, "--node"], minutes: 15 },
  {
    name: "wasm-wee_alloc",
    command: "wasm-pack",
    args: [...wasmPackTest, "--node", "--", "--features", "wee_alloc"],
    minutes: 15,
  },
  {
    name: "wasm-chromium",
    command: "wasm-pack",
    args: [...wasmPackTest, "--headless", "--chrome"],
    minutes: 15,
    browsers: ["chromium"],
  },
  {
    name: "wasm-firefox",
    command: "cargo",
    args: [
      ...["test", "--target", rust.target, "--test", "wasm_browser"],
      ...["--config", `target.${rust.target}.runner=${JSON.stringify(firefoxRunner)}`],
    ],
    minutes: 15,
    browsers: ["firefox"],
  },
];

/** Folders of tests/ that must exist and hold tests: a suite without tests is a failure. */
const requiredFolders =
  "browser cases cli docs edge examples frameworks golden js packages page workerd".split(" ");

/** Suites that import parts of the package. The others test the bundle, pkg/node/. */
const suitesOfModules = ["browser", "cli", "edge", "fuzz", "js", "privacy", "workerd"];

/** The packed package in bundlers, test runners and runtimes: the core of `test:consumers`. */
const consumerSuite = {
  name: "consumers",
  command: process.execPath,
  args: [join("tests", "consumers", "main.mjs"), "--built"],
  minutes: 20,
  browsers: ["chromium"],
};

/** The browsers of the folders whose tests open one. */
const browsersOfFolders = {
  browser: ["chromium", "firefox"],
  docs: ["chromium"],
  examples: ["chromium"],
  frameworks: ["chromium", "firefox"],
  golden: ["chromium", "firefox"],
  page: ["chromium"],
  privacy: ["chromium", "firefox"],
};

/**
 * All suites, those of the core first; then one per folder of tests/ with `*.test.mjs` or
 * `*.test.js` files, except tests/remote/ (`npm run test:remote`).
 */
export async function testSuites() {
  const entries = await readdir(join(root, "tests"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const names = new Set([...requiredFolders, ...folders]);
  names.delete("remote");
  const nodeSuites = await Promise.all([...names].sort().map(createNodeSuite));
  return [
    ...cargoSuites,
    ...nodeSuites.filter(({ name, files }) => files.length > 0 || requiredFolders.includes(name)),
    consumerSuite,
  ];
}

/**
 * The names in `all` that names from the command line select, by default all. `wasm` also selects
 * the names that begin `wasm-`. Throws a Remedy if nothing is selected.
 */
export function selectNames(all, selectors, kind) {
  const selected = all.filter(
    (name) =>
      selectors.length === 0 ||
      selectors.some((selector) => name === selector || name.startsWith(`${selector}-`)),
  );
  if (selected.length > 0) return selected;
  throw new Remedy(`Unknown ${kind}: ${selectors.join(", ")}. Known: ${all.join(", ")}.`);
}

/**
 * The numbers of tests, `{ passed, failed, skipped }`, in the output of libtest, wasm-bindgen-test,
 * Node's test runner or tests/consumers/.
 */
export function countTests(output) {
  const testCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    testCounts.passed += Number(passed);
    testCounts.failed += Number(failed);
    testCounts.skipped += Number(ignored);
  }
  for (const [, passed, failed] of output.matchAll(/^(\d+) passed, (\d+) failed$/gm)) {
    testCounts.passed += Number(passed);
    testCounts.failed += Number(failed);
  }
  const countOfKind = {
    pass: "passed",
    fail: "failed",
    cancelled: "failed",
    skipped: "skipped",
    todo: "skipped",
  };
  for (const [, kind, count] of output.matchAll(
    /^(?:ℹ|#) (pass|fail|cancelled|skipped|todo) (\d+)$/gm,
  )) {
    testCounts[countOfKind[kind]] += Number(count);
  }
  return testCounts;
}

/** Returns the test suite that runs all test files in a folder of tests/ by Node's test runner. */
async function createNodeSuite(name) {
  const folder = join(root, "tests", name);
  const entries = existsSync(folder) ? await readdir(folder, { recursive: true }) : [];
  const files = entries
    .filter((file) => /\.test\.m?js$/.test(file))
    .map((file) => join("tests", name, file))
    .sort();
  return {
    name,
    files,
    command: process.execPath,
    args: [
      ...(suitesOfModules.includes(name) ? [MODULES_FLAG] : []),
      ...["--test", "--test-reporter=spec", ...files],
    ],
    minutes: 15,
    browsers: browsersOfFolders[name],
  };
}
