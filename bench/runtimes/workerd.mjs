// `npm run bench:workerd`: Ward in workerd, the runtime of Cloudflare Workers: loading, the first call of a fresh isolate, and warm calls.
//   npm run bench:workerd -- --quick
//   npm run --silent bench:workerd -- --json    machine-readable, on standard output; everything else goes to standard error
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { median } from "../ward/measure.mjs";
import { build } from "../../scripts/build.mjs";
import { Remedy, script, table, title } from "../../scripts/lib/say.mjs";
import { setup } from "../../scripts/setup.mjs";

const size = { n: 300, dim: 256 };
const warmUp = 60; // calls, until the compilers are done
const usual = { isolates: 15, calls: 40 };
const quick = { isolates: 3, calls: 10 };

await script(async () => {
  const options = given();
  if (options.json) console.log = console.error;
  await setup();
  await build();
  const report = await measure(options.quick ? quick : usual);
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else print(report);
});

function given() {
  const flag = { type: "boolean", default: false };
  try {
    return parseArgs({ args: process.argv.slice(2), options: { json: flag, quick: flag } }).values;
  } catch (error) {
    throw new Remedy(`${error.message}\nThe options are --quick, --json.`);
  }
}

/** Median ms of wall time, as a client sees them, less those of a request for nothing: `{ n, dim, isolates, nothing, load, first, warm }`. */
async function measure({ isolates, calls }) {
  const { bundle } = await import("../../tests/workerd/bundle.mjs");
  const { modules } = await bundle(fileURLToPath(new URL("worker.mjs", import.meta.url)));
  const times = { nothing: [], load: [], first: [], warm: [] };
  for (let round = 0; round < isolates; round += 1) {
    const { ask, close } = await start(modules);
    try {
      for (let request = 0; request < 20; request += 1) await ask("nothing"); // the connection, and the isolate itself
      await ask("vectors");
      for (let request = 0; request < 20; request += 1) times.nothing.push(await ask("nothing"));
      times.load.push(await ask("load"));
      times.first.push(await ask("cluster"));
      for (let call = 0; call < warmUp; call += 1) await ask("cluster");
      for (let call = 0; call < calls; call += 1) times.warm.push(await ask("cluster"));
    } finally {
      await close();
    }
  }
  const nothing = median(times.nothing);
  const less = (found) => Math.max(0, median(found) - nothing);
  return {
    ...size,
    isolates,
    nothing,
    load: less(times.load),
    first: less(times.first),
    warm: less(times.warm),
  };
}

/** A fresh workerd: `ask` resolves to the ms a request took. */
async function start(modules) {
  const { Miniflare } = await import("miniflare");
  const runtime = new Miniflare({
    modules,
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    port: 0,
    cf: false,
  });
  const url = await runtime.ready;
  const ask = async (what) => {
    const body = JSON.stringify({ do: what, ...size });
    const begun = performance.now();
    const response = await fetch(url, {
      method: "POST",
      body,
      signal: AbortSignal.timeout(30_000),
    });
    const answer = await response.text();
    const took = performance.now() - begun;
    const merges = what === "cluster" ? size.n - 1 : 0;
    if (response.status !== 200 || JSON.parse(answer).merges !== merges)
      throw new Error(`${what}: ${response.status} ${answer}`);
    return took;
  };
  return { ask, close: () => runtime.dispose() };
}

function print({ n, dim, isolates, nothing, load, first, warm }) {
  title(
    `Ward in workerd, n = ${n}, d = ${dim}: median wall ms of ${isolates} fresh isolates, less the ${nothing.toFixed(2)} of a request for nothing\n`,
  );
  const rows = [
    ["init, which clusters 8 vectors", load],
    ["first call", first],
    ["warm", warm],
  ];
  table([["what", "ms"], ...rows.map(([what, ms]) => [what, ms.toFixed(2)])]);
}
