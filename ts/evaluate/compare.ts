/** The difference of two lists, such as recommendations with and without a muted interest. */

import type { ItemId } from "../item.js";
import { readItems } from "./items.js";

/** An item of two lists: its places in them, counted from 0. */
export interface ListChange {
  item: ItemId;
  from: number;
  to: number;
}

/** The result of {@link compareLists}. */
export interface ListComparison {
  /** Items of the second list only, in its order. */
  added: ItemId[];
  /** Items of the first list only, in its order. */
  removed: ItemId[];
  /** Items of both lists at different places, in the order of the second list. */
  moved: ListChange[];
  /** Items of both lists, divided by the items of either; 1 for two empty lists. */
  overlap: number;
}

/**
 * Compares two lists of items, such as two results of `recommend`. Of repeated items the first
 * place counts. O(n). Throws code "option" for values that are no lists of items.
 */
export function compareLists(
  before: Iterable<{ readonly item: ItemId }>,
  after: Iterable<{ readonly item: ItemId }>,
): ListComparison {
  const old = placesOf(readItems("compareLists: the first list", before));
  const current = placesOf(readItems("compareLists: the second list", after));
  const added = [...current.keys()].filter((item) => !old.has(item));
  const shared = [...current.keys()].filter((item) => old.has(item));
  const unionSize = old.size + added.length;
  return {
    added,
    removed: [...old.keys()].filter((item) => !current.has(item)),
    moved: shared
      .map((item) => ({ item, from: old.get(item)!, to: current.get(item)! }))
      .filter(({ from, to }) => from !== to),
    overlap: unionSize === 0 ? 1 : shared.length / unionSize,
  };
}

/** The first place of each item, in the order of the list. */
function placesOf(list: readonly { readonly item: ItemId }[]): Map<ItemId, number> {
  const places = new Map<ItemId, number>();
  for (const [place, { item }] of list.entries()) if (!places.has(item)) places.set(item, place);
  return places;
}
