/**
 * Near-duplicates: items so similar that results should show one of them, as "man running" and
 * "woman running".
 */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { FileItem } from "../read/item-file.js";

/** Queries per call of searchMany. */
const QUERIES_PER_CALL = 64;
/** Neighbours examined per item; a group larger than this may be reported as several groups. */
const NEIGHBOURS_PER_ITEM = 64;

/**
 * Maps each variant to the first item of its group. An item is a variant if an earlier item that is
 * no variant itself scores at least `minScore` in the catalogue's metric; of several earlier items
 * the highest score decides. Variants have no variants, so a chain of small steps is not one group.
 * `items` are those of the catalogue, in its order. Exact searches: O(n^2 dim) in all.
 */
export function findNearDuplicates(
  catalogue: Catalogue,
  items: readonly FileItem[],
  minScore: number,
  onProgress: (share: number) => void,
): Map<string, string> {
  const indexOfItem = new Map(items.map(([item], itemIndex) => [item, itemIndex]));
  const firstItemOfGroup = new Map<string, string>();
  for (let start = 0; start < items.length; start += QUERIES_PER_CALL) {
    const batch = items.slice(start, start + QUERIES_PER_CALL);
    const hits = catalogue.searchMany(
      batch.map(([, vector]) => vector),
      { count: NEIGHBOURS_PER_ITEM, minScore, exact: true, variants: true },
    );
    for (const [index, [item]] of batch.entries()) {
      const firstHit = hits[index]!.find(
        (hit) => indexOfItem.get(hit.item)! < start + index && !firstItemOfGroup.has(hit.item),
      );
      if (firstHit) firstItemOfGroup.set(item, firstHit.item);
    }
    onProgress((start + batch.length) / items.length);
  }
  return firstItemOfGroup;
}
