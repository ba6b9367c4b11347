/**
 * Picks without near-duplicates, such as "astronaut" and "man astronaut". Two items are
 * near-duplicates if they are more alike than most items are to their nearest neighbour: the limit
 * is measured in each catalogue.
 */
import type { Catalogue, ItemId } from "pocketsage";

/** Items of the catalogue whose nearest neighbours are searched for the limit. */
const SAMPLE_SIZE = 100;
/** The share of items whose nearest neighbour is farther than the limit. */
const LIMIT_QUANTILE = 0.62;
/** Minimum of the limit, for catalogues of few or unlike items. */
const MIN_LIMIT = 0.6;

const limits = new WeakMap<Catalogue, number>();

/**
 * The first `count` entries without near-duplicates of earlier ones, in their order; if there are
 * too few of them, skipped entries follow. O(entries x count x dim).
 */
export function withoutNearDuplicates<T extends { item: ItemId }>(
  catalogue: Catalogue,
  entries: readonly T[],
  count: number,
): T[] {
  const limit = limitOf(catalogue);
  const keptEntries: { entry: T; vector: Float32Array | undefined }[] = [];
  const skipped: T[] = [];
  for (const entry of entries) {
    if (keptEntries.length >= count) break;
    const vector = catalogue.vector(entry.item);
    const isDuplicate =
      vector !== undefined &&
      keptEntries.some(
        (other) => other.vector !== undefined && cosine(vector, other.vector) > limit,
      );
    if (isDuplicate) skipped.push(entry);
    else keptEntries.push({ entry, vector });
  }
  return [...keptEntries.map(({ entry }) => entry), ...skipped].slice(0, count);
}

/** The cosine above which items of the catalogue are near-duplicates. Measured once. */
export function limitOf(catalogue: Catalogue): number {
  const limit = limits.get(catalogue) ?? measureLimit(catalogue);
  limits.set(catalogue, limit);
  return limit;
}

/**
 * The cosine that LIMIT_QUANTILE of a sample of items do not reach with their nearest neighbour.
 */
function measureLimit(catalogue: Catalogue): number {
  const ids = [...catalogue.ids()];
  const step = Math.max(1, Math.floor(ids.length / SAMPLE_SIZE));
  const nearest: number[] = [];
  for (let index = 0; index < ids.length; index += step) {
    const id = ids[index] ?? "";
    const vector = catalogue.vector(id);
    if (vector === undefined) continue;
    const [hit] = catalogue.search(vector, { count: 1, exclude: [id] });
    const neighbour = hit && catalogue.vector(hit.item);
    if (neighbour !== undefined) nearest.push(cosine(vector, neighbour));
  }
  nearest.sort((a, b) => a - b);
  return Math.max(MIN_LIMIT, nearest[Math.floor(nearest.length * LIMIT_QUANTILE)] ?? 1);
}

/** The cosine of two vectors of one length; 0 if one of them is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let index = 0; index < a.length; index += 1) {
    const value = a[index] ?? 0;
    const other = b[index] ?? 0;
    product += value * other;
    squareA += value * value;
    squareB += other * other;
  }
  return product / (Math.sqrt(squareA * squareB) || 1);
}
