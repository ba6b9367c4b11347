// `npm run bench:browser`: Ward in headless Chromium, with the first call of a fresh browser. The trees are those of Node, to the bit.
//   npm run bench:browser -- --sizes 300,1000 --dims 256 --quick
//   npm run --silent bench:browser -- --json    machine-readable, on standard output; everything else goes to standard error
import { cpus } from "node:os";
import { join } from "node:path";
import { mixture } from "../data/mixture.mjs";
import { browserOptions } from "../options.mjs";
import { median } from "../ward/measure.mjs";
import { build } from "../../scripts/build.mjs";
import { Remedy, script, table, title } from "../../scripts/lib/say.mjs";
import { setup } from "../../scripts/setup.mjs";

const firstCall = { n: 300, dim: 256 };
const usual = { warmUp: 600, spent: 2000, rounds: [3, 41], fresh: 15 };
const quick = { warmUp: 200, spent: 300, rounds: [3, 11], fresh: 3 };

await script(async () => {
  const options = browserOptions(process.argv.slice(2));
  if (options.json) console.log = console.error;
  const found = await setup({ browser: true });
  process.env.CHROMIUM_PATH = found.path;
  await build();
  const report = { chromium: found.version, cpu: cpus()[0].model, ...(await measure(options)) };
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else print(report);
});

/** `{ results: [{ n, dim, cpu, wall, calls }], first: { n, dim, browsers, call } }`, medians in ms. */
async function measure({ sizes, dims, quick: hurried }) {
  const pace = hurried ? quick : usual;
  const { launch, serveSite } = await import("../../tests/browser/site.mjs");
  const site = await serveSite();
  try {
    const opened = () => open(launch, site.origin);
    const { page, cpu, close } = await opened();
    const results = [];
    for (const n of sizes)
      for (const dim of dims) results.push({ n, dim, ...(await compare(page, cpu, n, dim, pace)) });
    await close();
    return { results, first: await firstCalls(opened, pace.fresh) };
  } finally {
    await site.close();
  }
}

/** A fresh browser on an empty page whose clock is exact (which wants isolation): `{ page, cpu, close }`; `cpu()` is ms of its renderers. */
async function open(launch, origin) {
  const browser = await launch();
  const session = await browser.newBrowserCDPSession();
  const page = await browser.newPage();
  await page.route(`${origin}/**`, async (route) => {
    const response = await route.fetch();
    const isolated = {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    };
    await route.fulfill({ response, headers: { ...response.headers(), ...isolated } });
  });
  await page.route("**/mixture.mjs", (route) =>
    route.fulfill({
      path: join(import.meta.dirname, "..", "data", "mixture.mjs"),
      contentType: "text/javascript",
    }),
  );
  await page.goto(origin);
  const cpu = async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo
      .filter(({ type }) => type === "renderer")
      .reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
  };
  return { page, cpu, close: () => browser.close() };
}

/** Rounds of as many calls as fill 50 ms, because the CPU time is read from outside. */
async function compare(page, cpu, n, dim, pace) {
  const ask = (calls) => page.evaluate(ward, { n, dim, calls });
  const {
    tree,
    wall: [cold],
  } = await page.evaluate(ward, { n, dim, calls: 1, tree: true });
  await assertSame(tree, n, dim);
  let once = cold;
  for (let spent = cold; spent < pace.warmUp; ) {
    const { wall } = await ask(1);
    once = Math.min(once, wall[0]);
    spent += wall[0];
  }
  const calls = Math.max(1, Math.ceil(50 / once));
  const [least, most] = pace.rounds;
  const rounds = Math.max(least, Math.min(most, Math.floor(pace.spent / (once * calls))));
  const times = { wall: [], cpu: [] };
  for (let round = 0; round < rounds; round += 1) {
    const before = await cpu();
    const { wall } = await ask(calls);
    times.cpu.push(((await cpu()) - before) / calls);
    times.wall.push(...wall);
  }
  return { cpu: median(times.cpu), wall: median(times.wall), calls: times.wall.length };
}

/** In the page: makes the tree of the same vectors `calls` times; they are made once. */
async function ward({ n, dim, calls, tree: wanted }) {
  const sage = await import("pocketsage");
  await sage.init();
  const { mixture: make } = await import(`${location.origin}/mixture.mjs`);
  if (globalThis.latest?.n !== n || globalThis.latest.dim !== dim)
    globalThis.latest = { n, dim, vectors: make(n, dim, { seed: n }) };
  const { vectors } = globalThis.latest;
  const wall = [];
  let tree;
  for (let call = 0; call < calls; call += 1) {
    const start = performance.now();
    tree = sage.ward(vectors, { dim });
    wall.push(performance.now() - start);
  }
  return { wall, tree: wanted && [...tree] };
}

async function assertSame(tree, n, dim) {
  const sage = await import("pocketsage");
  await sage.init();
  const expected = sage.ward(mixture(n, dim, { seed: n }), { dim });
  const wrong =
    tree.length === expected.length ? expected.findIndex((number, at) => number !== tree[at]) : 0;
  if (wrong >= 0)
    throw new Remedy(
      `n = ${n}, d = ${dim}: Chromium's tree has ${tree[wrong]} at ${wrong}, Node's ${expected[wrong]}.`,
    );
}

async function firstCalls(opened, browsers) {
  const times = [];
  for (let round = 0; round < browsers; round += 1) {
    const { page, close } = await opened();
    times.push(...(await page.evaluate(ward, { ...firstCall, calls: 1 })).wall);
    await close();
  }
  return { ...firstCall, browsers, call: median(times) };
}

function print({ chromium, results, first }) {
  title(`Ward in Chromium ${chromium}, median ms\n`);
  const digits = (number) => number.toPrecision(3);
  table([
    ["n", "d", "CPU ms", "wall ms", "calls"],
    ...results.map(({ n, dim, cpu, wall, calls }) => [n, dim, digits(cpu), digits(wall), calls]),
  ]);
  const { n, dim, call, browsers } = first;
  console.log(
    `\n  The first call of a fresh browser, n = ${n}, d = ${dim}: ${digits(call)} wall ms (median of ${browsers}).`,
  );
}
