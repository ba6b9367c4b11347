// `npm run dev`: rebuilds what changed and runs the tests that cover it, until Ctrl-C.
//   ts/    tsc, then the Node tests of the changed folder
//   src/   cargo test and wasm-pack, then the Node tests
//   tests/ the changed file
// Changes during a run start another run. Only `npm test` runs all tests that a
// change may affect.
import { watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { printTitle, reportDone, reportFailure, runScript } from "./lib/output.mjs";
import { MODULES_FLAG, run } from "./lib/run.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const DEBOUNCE_MS = 200; // one save in an editor causes several events
const watchedFolders = ["ts", "src", "edge/src", "tests"];
const ignoredPaths = /(^|\/)(\.[^/]*|[^/]*~|4913|node_modules\/.*)$/; // 4913: a file of vim

/**
 * The tests of each changed path: the first matching pattern decides. `node` are patterns of test
 * files below tests/, `cargo` are arguments of `cargo test`.
 */
const testRules = [
  [/^ts\/cli\//, { node: [/^cli\//] }],
  [/^ts\/remote\//, { node: [/^js\/remote-/] }],
  [/^ts\/catalogue\//, { node: [/^js\/(catalogue|recommend|items)/] }],
  [/^ts\/store\//, { node: [/^js\/(indexeddb|journal|record)/] }],
  [/^ts\/worker\//, { node: [/^js\/worker/] }],
  [/^ts\//, { node: [/^js\//] }],
  [/^src\//, { node: [/^(js|golden)\//], cargo: [] }],
  [/^edge\/src\//, { node: [/^edge\//] }],
  [/^tests\/(\w+)\.rs$/, (name) => ({ cargo: ["--test", name] })],
  [/^tests\/common\//, { cargo: ["--tests"] }],
];

await runScript(async () => {
  await setup();
  await build();
  const changedPaths = new Set();
  let isRunning = false;
  let timer;

  const runChanged = async () => {
    if (isRunning || changedPaths.size === 0) return;
    isRunning = true;
    const paths = [...changedPaths];
    changedPaths.clear();
    try {
      await rebuildAndTest(paths);
    } catch (error) {
      console.error(`\n${error.message}`);
    }
    isRunning = false;
    if (changedPaths.size > 0) await runChanged();
    else console.log("\nWaiting for changes (Ctrl-C ends).");
  };

  for (const folder of watchedFolders) {
    watch(join(root, folder), { recursive: true }, (_, name) => {
      const path = `${folder}/${String(name).replaceAll("\\", "/")}`;
      if (name === null || ignoredPaths.test(path)) return;
      changedPaths.add(path);
      clearTimeout(timer);
      timer = setTimeout(runChanged, DEBOUNCE_MS);
    });
  }
  console.log(`\nWatching ${watchedFolders.join(", ")} (Ctrl-C ends).`);
});

async function rebuildAndTest(paths) {
  printTitle(`Changed: ${paths.join(", ")}`);
  const { files, cargo } = await selectTests(paths);
  // Before the build, which takes a minute: cargo test reports type errors sooner.
  for (const args of cargo) await runTests("cargo", ["test", ...args]);
  if (paths.some((path) => /^(src|ts)\//.test(path))) await build();
  if (files.length > 0)
    await runTests(process.execPath, [MODULES_FLAG, "--test", "--test-reporter=spec", ...files]);
}

/** The tests to run, `{ files, cargo }`: Node test files, and argument lists of `cargo test`. */
async function selectTests(paths) {
  const allFiles = (await readdir(join(root, "tests"), { recursive: true }))
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => /\.test\.m?js$/.test(name));
  const files = new Set(paths.filter((path) => /^tests\/.*\.test\.m?js$/.test(path)));
  const cargo = new Map();
  for (const path of paths) {
    const [pattern, rule] = testRules.find(([candidate]) => candidate.test(path)) ?? [];
    if (!pattern) continue;
    const tests = typeof rule === "function" ? rule(path.match(pattern)[1]) : rule;
    for (const name of allFiles)
      if (tests.node?.some((one) => one.test(name))) files.add(`tests/${name}`);
    if (tests.cargo) cargo.set(tests.cargo.join(" "), tests.cargo);
  }
  if (cargo.has("")) return { files: [...files].sort(), cargo: [[]] };
  return { files: [...files].sort(), cargo: [...cargo.values()] };
}

async function runTests(command, args) {
  const { code, seconds } = await run(command, args, { show: true });
  const description =
    command === "cargo" ? `cargo ${args.join(" ")}` : `${args.length - 2} test files`;
  if (code === 0) reportDone("passed", description, seconds);
  else reportFailure("failed", description, seconds);
}
