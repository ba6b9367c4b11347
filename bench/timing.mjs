// Clocks and statistics shared by the benchmarks.
import { setTimeout as sleep } from "node:timers/promises";

/** Idleness before an isolated call. */
const IDLE_MS = 20;
/** Other memory that is read between the idleness and an isolated call. */
const SWEPT_BYTES = 32 << 20;
let sweptMemory;

/**
 * CPU time of this process, user and system, in ms since `start`, a result of `process.cpuUsage()`.
 */
export function cpuMsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/**
 * Runs `work` and returns its `{ wall, cpu }` times in ms, or a promise of them if `work` returns a
 * promise.
 */
export function measureTime(work) {
  const cpuStart = process.cpuUsage();
  const wallStart = performance.now();
  const elapsedTimes = () => ({ wall: performance.now() - wallStart, cpu: cpuMsSince(cpuStart) });
  const result = work();
  return result instanceof Promise ? result.then(elapsedTimes) : elapsedTimes();
}

/**
 * Brings this process into the state before an isolated call, as a user's single action meets it:
 * it idles, then reads SWEPT_BYTES of other memory, so that code and data of the call are in no
 * first- or second-level cache. The clocks are read once, so that a call is not timed with theirs.
 */
export async function isolateNextCall() {
  sweptMemory ??= new Float64Array(SWEPT_BYTES / 8).fill(1);
  await sleep(IDLE_MS);
  let sum = 0;
  for (let at = 0; at < sweptMemory.length; at += 1) sum += sweptMemory[at];
  measureTime(() => {});
  return sum; // used, so that no compiler omits the pass
}

/** The values in random order. */
export function shuffled(values) {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

/** The upper median of numbers; undefined for an empty array. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/**
 * A number as text: with three significant digits if it is below 100, otherwise rounded to an
 * integer with thousands separators.
 */
export function formatNumber(value) {
  return value < 100 ? value.toPrecision(3) : formatCount(Math.round(value));
}

/** An integer as text with thousands separators. */
export function formatCount(value) {
  return value.toLocaleString("en");
}
