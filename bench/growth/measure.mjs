// Measures one size of a series in a process of its own, because wasm memory never shrinks:
//   node bench/growth/measure.mjs INDEX SIZE   prints { ms, bytes }
// Time is CPU time, median; memory is the wasm memory after the calls, less that of a bare
// instance.
import { init } from "pocketsage";
import { measureTime, median } from "../timing.mjs";
import { wasmMemory } from "../wasm-memory.mjs";
import { series } from "./series.mjs";

const MEASURED_MS = 600;
const WARM_UP_CALLS = 5;
const MIN_CALLS = 3;
const MAX_CALLS = 60;

const [index, size] = process.argv.slice(2).map(Number);
await init();
const bareBytes = wasmMemory();
const { run, check } = await series[index].prepare(size);
const times = [];
let result;
const callOnce = async () => {
  const { cpu } = await measureTime(async () => (result = await run()));
  return cpu;
};
let spentMs = 0;
for (let call = 0; call < WARM_UP_CALLS && spentMs < MEASURED_MS; call += 1)
  spentMs += await callOnce();
spentMs = 0;
while (times.length < MIN_CALLS || (times.length < MAX_CALLS && spentMs < MEASURED_MS)) {
  times.push(await callOnce());
  spentMs += times.at(-1);
}
const bytes = wasmMemory() - bareBytes;
await check(result);
console.log(JSON.stringify({ ms: median(times), bytes }));
