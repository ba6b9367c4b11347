// `npm run bench:workerd`: Ward in workerd, the runtime of Cloudflare Workers: loading, the first
// call of a fresh isolate, and warm calls.
//   npm run bench:workerd -- --quick
//   npm run --silent bench:workerd -- --json    machine-readable, on standard output

import { fileURLToPath } from "node:url";
import { build } from "../../scripts/build.mjs";
import { printTable, printTitle, runScript } from "../../scripts/lib/output.mjs";
import { setup } from "../../scripts/setup.mjs";
import { workerdOptions } from "../options.mjs";
import { median } from "../timing.mjs";

const TASK = { n: 300, dim: 256 };
const WARM_UP_CALLS = 60;
// Number of empty requests that warm up a connection, and then of those that are measured.
const EMPTY_REQUESTS = 20;
/** The number of fresh isolates, and of measured warm calls in each. */
const fullPlan = { isolates: 15, calls: 40 };
const quickPlan = { isolates: 3, calls: 10 };

await runScript(async () => {
  const options = workerdOptions(process.argv.slice(2));
  if (options.json) console.log = console.error; // standard output carries the JSON only
  await setup();
  await build();
  const report = await measure(options.quick ? quickPlan : fullPlan);
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else printResults(report);
});

/**
 * Median wall times in ms as a client sees them, less that of an empty request:
 * `{ n, dim, isolates, empty, load, first, warm }`.
 */
async function measure({ isolates, calls }) {
  const { bundle } = await import("../../tests/workerd/bundle.mjs");
  const { modules } = await bundle(fileURLToPath(new URL("worker.mjs", import.meta.url)));
  const times = { empty: [], load: [], first: [], warm: [] };
  for (let isolate = 0; isolate < isolates; isolate += 1) {
    const { request, close } = await startIsolate(modules);
    try {
      for (let count = 0; count < EMPTY_REQUESTS; count += 1) await request("empty");
      await request("vectors");
      for (let count = 0; count < EMPTY_REQUESTS; count += 1)
        times.empty.push(await request("empty"));
      times.load.push(await request("load"));
      times.first.push(await request("cluster"));
      for (let call = 0; call < WARM_UP_CALLS; call += 1) await request("cluster");
      for (let call = 0; call < calls; call += 1) times.warm.push(await request("cluster"));
    } finally {
      await close();
    }
  }
  const empty = median(times.empty);
  const netMs = (values) => Math.max(0, median(values) - empty);
  return {
    ...TASK,
    isolates,
    empty,
    load: netMs(times.load),
    first: netMs(times.first),
    warm: netMs(times.warm),
  };
}

/**
 * Starts a workerd. `request(command)` resolves to its wall time in ms, or rejects if the reply is
 * wrong.
 */
async function startIsolate(modules) {
  const { Miniflare } = await import("miniflare");
  const runtime = new Miniflare({
    modules,
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    port: 0,
    cf: false,
  });
  const url = await runtime.ready;
  const request = async (command) => {
    const body = JSON.stringify({ command, ...TASK });
    const start = performance.now();
    const signal = AbortSignal.timeout(30_000);
    const response = await fetch(url, { method: "POST", body, signal });
    const reply = await response.text();
    const wallMs = performance.now() - start;
    const merges = command === "cluster" ? TASK.n - 1 : 0;
    if (response.status !== 200 || JSON.parse(reply).merges !== merges)
      throw new Error(`${command}: ${response.status} ${reply}`);
    return wallMs;
  };
  return { request, close: () => runtime.dispose() };
}

function printResults({ n, dim, isolates, empty, load, first, warm }) {
  printTitle(
    `Ward in workerd, n = ${n}, d = ${dim}: median wall ms of ${isolates} fresh isolates, ` +
      `less ${empty.toFixed(2)} ms of an empty request\n`,
  );
  const rows = [
    ["init, which clusters 32 vectors", load],
    ["first call", first],
    ["warm", warm],
  ];
  printTable([["what", "ms"], ...rows.map(([what, ms]) => [what, ms.toFixed(2)])]);
}
