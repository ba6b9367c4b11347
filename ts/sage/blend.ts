/** Blending of ranked lists, each with a share of the places. */

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
import { packLists } from "./lists.js";

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
 * hits by descending score; ties keep their order. Each item occurs once, for the list that reaches
 * it first (`list`, an index into `lists`), with its score there. The beginning of a longer blend is
 * the shorter blend.
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
  for (const { item, score } of lists.flat()) {
    checkItemId("blend: a hit", item);
    checkFinite("blend: a score", score);
  }
  const exclude = new Set(checkItemIds("blend: exclude", options.exclude));
  const { items, keys, scores, offsets } = packLists(lists, exclude);
  const blendedHits = withCore((core) => core.blend(keys, scores, offsets, weights, count));
  return Array.from(blendedHits.keys, (key, row) => ({
    item: items[key]!,
    score: blendedHits.scores[row]!,
    list: blendedHits.lists[row]!,
  }));
}
