// Clocks and statistics shared by the benchmarks.

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
