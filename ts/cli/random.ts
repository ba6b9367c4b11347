/** Seeded random numbers (mulberry32): a seed gives the same numbers in every run. */

export interface Random {
  /** A number in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** A whole number from 0 to bound - 1. */
  below(bound: number): number;
}

/** `seed` is taken modulo 2^32. */
export function openRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (bound) => Math.floor(next() * bound) };
}

/**
 * Draws `count` random elements without replacement, or all if there are fewer: the beginning of a
 * Fisher-Yates shuffle.
 */
export function drawSample<T>(population: readonly T[], count: number, seed = 1): T[] {
  const shuffled = [...population];
  const random = openRandom(seed);
  for (let index = 0; index < Math.min(count, shuffled.length); index += 1) {
    const otherIndex = index + random.below(shuffled.length - index);
    [shuffled[index], shuffled[otherIndex]] = [shuffled[otherIndex]!, shuffled[index]!];
  }
  return shuffled.slice(0, count);
}
