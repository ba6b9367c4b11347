// Clocks and statistics shared by the benchmarks.

/** CPU time of this process since `start` (from `process.cpuUsage()`), user and system, in ms. */
export function cpuMsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Runs `work` and returns `{ wall, cpu }` in ms; a promise of them if `work` returns a promise. */
export function measureTime(work) {
  const cpuStart = process.cpuUsage();
  const wallStart = performance.now();
  const times = () => ({ wall: performance.now() - wallStart, cpu: cpuMsSince(cpuStart) });
  const result = work();
  return result instanceof Promise ? result.then(times) : times();
}

/** The upper median; undefined for an empty array. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Three significant digits below 100, otherwise a whole number with thousands separators. */
export function formatNumber(value) {
  return value < 100 ? value.toPrecision(3) : formatCount(Math.round(value));
}

/** A whole number with thousands separators. */
export function formatCount(value) {
  return value.toLocaleString("en");
}
