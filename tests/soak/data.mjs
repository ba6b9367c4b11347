// The actions of the soak: those of every user are a function of their number, so that none need
// be remembered to check a profile.
export const DIM = 256;
export const MAX_ACTIONS = 1000;
export const ITEMS = 2000;
const TOPICS = 20;
const MINUTE_MS = 60_000;

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const vectors = new Map();

/** The vector of an item: near that of its topic. */
export function vectorOf(item) {
  const known = vectors.get(item);
  if (known) return known;
  const [topic, own] = [random(item % TOPICS), random(1000 + item)];
  const vector = Float32Array.from({ length: DIM }, () => topic() - 0.5 + 0.4 * (own() - 0.5));
  vectors.set(item, vector);
  return vector;
}

/** Action `index` of a user, one minute after the one before it. */
export function actionOf(user, index, start) {
  const item = (index * 7 + user * 13) % ITEMS;
  return { item: `item-${item}`, at: start + index * MINUTE_MS, vector: vectorOf(item) };
}

/** Median, 95th percentile and maximum of a list, rounded to tenths. */
export function summary(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return [at(0.5), at(0.95), at(1)].map((value) => Math.round(value * 10) / 10);
}
