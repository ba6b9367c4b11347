/** Near-duplicates: items so alike that showing both shows one thing twice, as "man running" and "woman running". */
import type { Catalogue, CatalogueItem } from "../../catalogue/catalogue.js";

/** Queries handed over at once, and neighbours looked at for each. */
const BATCH = 64;
const NEIGHBOURS = 64;

/**
 * For each item that is nearly the same as one before it, that one: the first of its kind. An item belongs to the nearest first one it is near to, so
 * a chain of small steps makes no group. `score` is the catalogue's; `at` is told how far it is.
 */
export function nearDuplicates(
  catalogue: Catalogue,
  items: readonly CatalogueItem[],
  score: number,
  at: (share: number) => void,
): Map<string, string> {
  const places = new Map(items.map(([item], place) => [item, place]));
  const variants = new Map<string, string>();
  for (let start = 0; start < items.length; start += BATCH) {
    const batch = items.slice(start, start + BATCH);
    const found = catalogue.searchMany(
      batch.map(([, vector]) => vector),
      { count: NEIGHBOURS, minScore: score, exact: true, variants: true },
    );
    for (const [row, [item]] of batch.entries()) {
      const first = found[row]!.find(
        (hit) => places.get(hit.item)! < start + row && !variants.has(hit.item),
      );
      if (first) variants.set(item, first.item);
    }
    at((start + batch.length) / items.length);
  }
  return variants;
}
