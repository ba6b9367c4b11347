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

const firstCall = { n: 300, dim: 256 };
const BATCH_MS = 50; // a round is as many calls as take this long, because CPU time is coarse
const fullPace = { warmUp: 600, budget: 2000, rounds: [3, 41], browsers: 15 };
const quickPace = { warmUp: 200, budget: 300, rounds: [3, 11], browsers: 3 };

await runScript(async () => {
  const options = browserOptions(process.argv.slice(2));
  if (options.json) console.log = console.error; // standard output carries the JSON only
  const chromium = await setup({ browser: true });
  process.env.CHROMIUM_PATH = chromium.path;
  await build();
  const report = { chromium: chromium.version, cpu: cpus()[0].model, ...(await measure(options)) };
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else print(report);
});

/**
 * `{ results: [{ n, dim, cpu, wall, calls }], first: { n, dim, browsers, call } }`, medians in ms.
 */
async function measure({ sizes, dims, quick }) {
  const pace = quick ? quickPace : fullPace;
  const { launchChromium } = await import("../../tests/browser/chromium.mjs");
  const { serveSite } = await import("../../tests/browser/site.mjs");
  const site = await serveSite();
  try {
    const open = () => openPage(launchChromium, site.origin);
    const { page, cpuMs, close } = await open();
    const results = [];
    for (const n of sizes)
      for (const dim of dims)
        results.push({ n, dim, ...(await measureTask(page, cpuMs, n, dim, pace)) });
    await close();
    return { results, first: await measureFirstCalls(open, pace.browsers) };
  } finally {
    await site.close();
  }
}

/**
 * A fresh browser on a page with an exact clock, which requires cross-origin isolation:
 * `{ page, cpuMs, close }`. `cpuMs()` is the CPU time of its renderers so far.
 */
async function openPage(launchChromium, origin) {
  const browser = await launchChromium();
  const cpuMs = await rendererClock(browser);
  const page = await browser.newPage();
  await page.route(`${origin}/**`, async (route) => {
    const response = await route.fetch();
    const isolation = {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    };
    await route.fulfill({ response, headers: { ...response.headers(), ...isolation } });
  });
  const path = join(import.meta.dirname, "..", "data", "mixture.mjs");
  await page.route("**/mixture.mjs", (route) =>
    route.fulfill({ path, contentType: "text/javascript" }),
  );
  await page.goto(origin);
  return { page, cpuMs, close: () => browser.close() };
}

async function measureTask(page, cpuMs, n, dim, pace) {
  const run = (calls) => page.evaluate(wardInPage, { n, dim, calls });
  const first = await page.evaluate(wardInPage, { n, dim, calls: 1, returnTree: true });
  await assertSameTree(first.tree, n, dim);
  let [fastest] = first.wall;
  for (let spent = fastest; spent < pace.warmUp; ) {
    const { wall } = await run(1);
    fastest = Math.min(fastest, wall[0]);
    spent += wall[0];
  }
  const calls = Math.max(1, Math.ceil(BATCH_MS / fastest));
  const [min, max] = pace.rounds;
  const rounds = Math.max(min, Math.min(max, Math.floor(pace.budget / (fastest * calls))));
  const times = { wall: [], cpu: [] };
  for (let round = 0; round < rounds; round += 1) {
    const start = await cpuMs();
    const { wall } = await run(calls);
    times.cpu.push(((await cpuMs()) - start) / calls);
    times.wall.push(...wall);
  }
  return { cpu: median(times.cpu), wall: median(times.wall), calls: times.wall.length };
}

/**
 * Runs in the page: clusters the vectors of one task `calls` times; they are made once per task.
 */
async function wardInPage({ n, dim, calls, returnTree }) {
  const sage = await import("pocketsage");
  await sage.init();
  const { mixture: makeVectors } = await import(`${location.origin}/mixture.mjs`);
  if (globalThis.task?.n !== n || globalThis.task.dim !== dim)
    globalThis.task = { n, dim, vectors: makeVectors(n, dim, { seed: n }) };
  const { vectors } = globalThis.task;
  const wall = [];
  let tree;
  for (let call = 0; call < calls; call += 1) {
    const start = performance.now();
    tree = sage.ward(vectors, { dim });
    wall.push(performance.now() - start);
  }
  return { wall, tree: returnTree && [...tree] };
}

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

async function measureFirstCalls(open, browsers) {
  const times = [];
  for (let round = 0; round < browsers; round += 1) {
    const { page, close } = await open();
    times.push(...(await page.evaluate(wardInPage, { ...firstCall, calls: 1 })).wall);
    await close();
  }
  return { ...firstCall, browsers, call: median(times) };
}

function print({ chromium, results, first }) {
  printTitle(`Ward in Chromium ${chromium}, median ms\n`);
  const digits = (value) => value.toPrecision(3);
  printTable([
    ["n", "d", "CPU ms", "wall ms", "calls"],
    ...results.map(({ n, dim, cpu, wall, calls }) => [n, dim, digits(cpu), digits(wall), calls]),
  ]);
  const { n, dim, call, browsers } = first;
  console.log(
    `\n  The first call of a fresh browser, n = ${n}, d = ${dim}: ${digits(call)} wall ms ` +
      `(median of ${browsers}).`,
  );
}
