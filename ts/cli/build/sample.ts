/** Random samples, the same in every run. */

/**
 * Draws `count` random elements without replacement, or all if there are fewer: the beginning of a
 * Fisher-Yates shuffle with mulberry32 and a fixed seed.
 */
export function drawSample<T>(population: readonly T[], count: number): T[] {
  const shuffled = [...population];
  let state = 1;
  const randomBelow = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
  for (let index = 0; index < Math.min(count, shuffled.length); index += 1) {
    const otherIndex = index + randomBelow(shuffled.length - index);
    [shuffled[index], shuffled[otherIndex]] = [shuffled[otherIndex]!, shuffled[index]!];
  }
  return shuffled.slice(0, count);
}
