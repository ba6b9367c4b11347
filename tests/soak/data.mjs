// The actions of the soak: those of every user are a function of their number, so that none need
// be remembered to check a profile.
import { seededRandom } from "../../scripts/lib/random.mjs";

export { seededRandom as random };

export const DIM = 256;
export const MAX_ACTIONS = 1000;
export const ITEMS = 2000;
const TOPICS = 20;
const MINUTE_MS = 60_000;

const vectors = new Map();

/** The vector of an item: near that of its topic. */
export function vectorOf(item) {
  const known = vectors.get(item);
  if (known) return known;
  const [topic, own] = [seededRandom(item % TOPICS), seededRandom(1000 + item)];
  const vector = Float32Array.from({ length: DIM }, () => topic() - 0.5 + 0.4 * (own() - 0.5));
  vectors.set(item, vector);
  return vector;
}

/** The number of the item of action `index` of a user. */
export const itemOf = (user, index) => (index * 7 + user * 13) % ITEMS;

/** Action `index` of a user, one minute after the one before it. */
export function actionOf(user, index, start) {
  const item = itemOf(user, index);
  return { item: `item-${item}`, at: start + index * MINUTE_MS, vector: vectorOf(item) };
}

/** Median, 95th percentile and maximum of a list, rounded to tenths. */
export function summary(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return [at(0.5), at(0.95), at(1)].map((value) => Math.round(value * 10) / 10);
}
