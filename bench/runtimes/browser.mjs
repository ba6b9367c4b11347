// `npm run bench:browser`: Ward in headless Chromium, with the first call of a fresh browser.
// Asserts that the trees equal Node's bit for bit.
//   npm run bench:browser -- --sizes 300,1000 --dims 256 --quick
//   npm run --silent bench:browser -- --json    machine-readable, on standard output

import { cpus } from "node:os";
import { join } from "node:path";
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, Remedy, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { mixture } from "../data/mixture.mjs";
import { browserOptions } from "../options.mjs";
import { median } from "../timing.mjs";
import { rendererClock } from "./renderer-clock.mjs";

const FIRST_CALL_TASK = { n: 300, dim: 256 };
const MIN_ROUND_MS = 50; // short calls are repeated within a round, because the CPU clock is coarse
/**
 * The effort of a run: the time to warm up and to measure one task, the least and largest number of
 * rounds, and the number of fresh browsers in which a first call is measured.
 */
const fullPlan = { warmUpMs: 600, measuringMs: 2000, rounds: [3, 41], browsers: 15 };
const quickPlan = { warmUpMs: 200, measuringMs: 300, rounds: [3, 11], browsers: 3 };

await runScript(async () => {
  const options = browserOptions(process.argv.slice(2));
  if (options.json) console.log = console.error; // standard output carries the JSON only
  const { versions, env } = await setup({ browsers: ["chromium"] });
  Object.assign(process.env, env);
  await build();
  const report = { chromium: versions.chromium, cpu: cpus()[0].model, ...(await measure(options)) };
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else printResults(report);
});

/**
 * Resolves to `{ results: [{ n, dim, cpu, wall, calls }], first: { n, dim, browsers, call } }`.
 * Times are medians in ms.
 */
async function measure({ sizes, dims, quick }) {
  const plan = quick ? quickPlan : fullPlan;
  const { launchChromium } = await import("../../tests/browser/launch.mjs");
  const { serveSite } = await import("../../tests/browser/site.mjs");
  const site = await serveSite();
  try {
    const openFreshPage = () => openPage(launchChromium, site.origin);
    const { page, cpuMs, close } = await openFreshPage();
    const results = [];
    for (const n of sizes)
      for (const dim of dims)
        results.push({ n, dim, ...(await measureTask(page, cpuMs, n, dim, plan)) });
    await close();
    return { results, first: await measureFirstCalls(openFreshPage, plan.browsers) };
  } finally {
    await site.close();
  }
}

/**
 * Opens a page in a fresh browser. The page is cross-origin isolated, which makes its clock exact.
 * Resolves to `{ page, cpuMs, close }`; `cpuMs()` is the CPU time of the browser's renderers so
 * far.
 */
async function openPage(launchChromium, origin) {
  const browser = await launchChromium();
  const cpuMs = await rendererClock(browser);
  const page = await browser.newPage();
  await page.route(`${origin}/**`, async (route) => {
    const response = await route.fetch();
    const isolationHeaders = {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    };
    await route.fulfill({ response, headers: { ...response.headers(), ...isolationHeaders } });
  });
  const path = join(import.meta.dirname, "..", "data", "mixture.mjs");
  await page.route("**/mixture.mjs", (route) =>
    route.fulfill({ path, contentType: "text/javascript" }),
  );
  await page.goto(origin);
  return { page, cpuMs, close: () => browser.close() };
}

async function measureTask(page, cpuMs, n, dim, plan) {
  const callWard = (callCount) => page.evaluate(wardInPage, { n, dim, calls: callCount });
  const first = await page.evaluate(wardInPage, { n, dim, calls: 1, returnTree: true });
  await assertSameTree(first.tree, n, dim);
  let [fastestMs] = first.wall;
  for (let spentMs = fastestMs; spentMs < plan.warmUpMs; ) {
    const { wall } = await callWard(1);
    fastestMs = Math.min(fastestMs, wall[0]);
    spentMs += wall[0];
  }
  const callCount = Math.max(1, Math.ceil(MIN_ROUND_MS / fastestMs));
  const [minRounds, maxRounds] = plan.rounds;
  const rounds = Math.max(
    minRounds,
    Math.min(maxRounds, Math.floor(plan.measuringMs / (fastestMs * callCount))),
  );
  const times = { wall: [], cpu: [] };
  for (let round = 0; round < rounds; round += 1) {
    const start = await cpuMs();
    const { wall } = await callWard(callCount);
    times.cpu.push(((await cpuMs()) - start) / callCount);
    times.wall.push(...wall);
  }
  return { cpu: median(times.cpu), wall: median(times.wall), calls: times.wall.length };
}

/**
 * Runs in the page: clusters the vectors of a task `calls` times. The vectors are made once per
 * task.
 */
async function wardInPage({ n, dim, calls: callCount, returnTree }) {
  const sage = await import("pocketsage");
  await sage.init();
  const { mixture: makeVectors } = await import(`${location.origin}/mixture.mjs`);
  if (globalThis.task?.n !== n || globalThis.task.dim !== dim)
    globalThis.task = { n, dim, vectors: makeVectors(n, dim, { seed: n }) };
  const { vectors } = globalThis.task;
  const wall = [];
  let tree;
  for (let call = 0; call < callCount; call += 1) {
    const start = performance.now();
    tree = sage.ward(vectors, { dim });
    wall.push(performance.now() - start);
  }
  return { wall, tree: returnTree && [...tree] };
}

/** Throws unless a tree from Chromium equals the tree of the same vectors in Node. */
async function assertSameTree(tree, n, dim) {
  const sage = await import("pocketsage");
  await sage.init();
  const expected = sage.ward(mixture(n, dim, { seed: n }), { dim });
  const differs =
    tree.length === expected.length ? expected.findIndex((value, at) => value !== tree[at]) : 0;
  if (differs >= 0)
    throw new Remedy(
      `n = ${n}, d = ${dim}: Chromium's tree has ${tree[differs]} at index ${differs}, ` +
        `Node's ${expected[differs]}.`,
    );
}

async function measureFirstCalls(openFreshPage, browsers) {
  const times = [];
  for (let round = 0; round < browsers; round += 1) {
    const { page, close } = await openFreshPage();
    times.push(...(await page.evaluate(wardInPage, { ...FIRST_CALL_TASK, calls: 1 })).wall);
    await close();
  }
  return { ...FIRST_CALL_TASK, browsers, call: median(times) };
}

function printResults({ chromium, results, first }) {
  printTitle(`Ward in Chromium ${chromium}, median ms\n`);
  const formatMs = (value) => value.toPrecision(3);
  printTable([
    ["n", "d", "CPU ms", "wall ms", "calls"],
    ...results.map(({ n, dim, cpu, wall, calls: callCount }) => [
      n,
      dim,
      formatMs(cpu),
      formatMs(wall),
      callCount,
    ]),
  ]);
  const { n, dim, call, browsers } = first;
  console.log(
    `\n  The first call of a fresh browser, n = ${n}, d = ${dim}: ${formatMs(call)} wall ms ` +
      `(median of ${browsers}).`,
  );
}
