/** An example for any catalogue: items that are unlike each other, each with its neighbours. */
import type { Catalogue, ItemId } from "pocketsage";

const SAMPLE_SIZE = 300;
const KINDS = 4;
const NEIGHBOURS = 2;

/**
 * Groups of alike items, by farthest-point sampling of every n-th item. O(sample x kinds x dim).
 */
export function exampleOf(catalogue: Catalogue): ItemId[][] {
  const ids = [...catalogue.ids()];
  const step = Math.max(1, Math.floor(ids.length / SAMPLE_SIZE));
  const sample = ids
    .filter((_, index) => index % step === 0)
    .map((item) => ({ item, vector: catalogue.vector(item) ?? new Float32Array(), nearest: -1 }));
  const groups: ItemId[][] = [];
  let next = sample[0];
  while (next !== undefined && groups.length < KINDS) {
    const { vector } = next;
    const hits = catalogue.search(vector, { count: NEIGHBOURS + 1 });
    groups.push([...new Set([next.item, ...hits.map(({ item }) => item)])]);
    next.nearest = Number.POSITIVE_INFINITY;
    for (const other of sample)
      other.nearest = Math.max(other.nearest, dotProduct(vector, other.vector));
    next = sample.reduce((best, other) => (other.nearest < best.nearest ? other : best));
  }
  return groups;
}

function dotProduct(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
