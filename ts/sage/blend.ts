/** Blending of ranked lists. The core works on dense integer keys; this file maps ids to them. */

import { withCore } from "../core/glue.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import {
  checkFinite,
  checkFloat64,
  checkInteger,
  checkItemId,
  checkItemIds,
  checkKeys,
} from "../values/check.js";

/** Options of {@link blend}. */
export interface BlendOptions {
  /**
   * One weight per list, finite and not negative: the share of results the list is given, in
   * proportion to the sum of the weights.
   */
  weights: readonly number[];
  /** Maximum number of results: a whole number from 1 to 2^32 - 1. */
  count: number;
  /** Items left out of the result. Default: none. */
  exclude?: ReadonlySet<ItemId>;
}

/**
 * Blend ranked lists into one list of at most `count` hits.
 *
 * Result positions are assigned by Webster's rule (Sainte-Lague): each goes to the list with the
 * greatest weight / (2 taken + 1) that has hits left; ties go to the first list. A list yields its
 * hits by descending score; ties keep their order. Each item occurs once, with its best score, for
 * the list (`list`, an index into `lists`) in which it scored best; ties go to the first list. The
 * beginning of a longer blend is the shorter blend.
 *
 * O(h log h + count l) time for h hits in l lists. No lists or only empty lists: an empty result.
 * Synchronous: `await init()` before.
 *
 * @throws SageError "option" for a wrong option, weight or item id, "not-finite" for a score that
 * is NaN or infinite.
 */
export function blend(lists: readonly Hit[][], options: BlendOptions): (Hit & { list: number })[] {
  checkKeys("blend", options, ["weights", "count", "exclude"]);
  const count = checkInteger("blend: count", options.count);
  const weights = checkFloat64("blend: weights", options.weights);
  if (weights.length !== lists.length)
    throw new SageError(
      "option",
      `blend: expected ${lists.length} weights, one per list, saw ${weights.length}.`,
    );
  const keyByItem = new Map<ItemId, number>();
  const denseKey = (item: ItemId): number => {
    const existingKey = keyByItem.get(item);
    if (existingKey === undefined) keyByItem.set(item, keyByItem.size);
    return existingKey ?? keyByItem.size - 1;
  };
  const keys = Uint32Array.from(lists.flat(), ({ item }) =>
    denseKey(checkItemId("blend: a hit", item)),
  );
  const scores = Float32Array.from(lists.flat(), ({ score }) =>
    checkFinite("blend: a score", score),
  );
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, index) => (offsets[index + 1] = offsets[index]! + list.length));
  const exclude = Uint32Array.from(
    checkItemIds("blend: exclude", options.exclude).filter((item) => keyByItem.has(item)),
    denseKey,
  );
  const blendedHits = withCore((core) =>
    core.blend(keys, scores, offsets, weights, count, exclude),
  );
  const itemByKey = [...keyByItem.keys()];
  return Array.from(blendedHits.keys, (key, row) => ({
    item: itemByKey[key]!,
    score: blendedHits.scores[row]!,
    list: blendedHits.lists[row]!,
  }));
}
