/** Many ranked lists into one: ids become dense keys for the core, and come back as ids. */
import { checkInteger, checkItemId, checkItemIds, checkKeys, inspect } from "../check.js";
import { withCore } from "../core/glue.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";

/** How to blend. */
export interface BlendOptions {
  /** One weight per list: its share of the places. */
  weights: readonly number[];
  /** How many hits are wanted. */
  count: number;
  /** Items that must not come out. */
  exclude?: ReadonlySet<ItemId>;
}

/**
 * Several ranked lists in one. Places are dealt to the lists one by one, in proportion to their weights, so that every list is seen
 * early; an item comes out once, with its best score, credited to the `list` that gave it; excluded items never. Needs `await init()`.
 */
export function blend(lists: readonly Hit[][], options: BlendOptions): (Hit & { list: number })[] {
  checkKeys("blend", options, ["weights", "count", "exclude"]);
  const count = checkInteger("blend: count", options.count);
  if (!Array.isArray(options.weights) || options.weights.length !== lists.length) {
    throw new SageError(
      "option",
      `blend: expected one weight for each of the ${lists.length} lists, saw ${inspect(options.weights)}.`,
    );
  }
  const keyOf = new Map<ItemId, number>();
  const key = (item: ItemId): number => {
    const known = keyOf.get(item);
    if (known === undefined) keyOf.set(item, keyOf.size);
    return known ?? keyOf.size - 1;
  };
  const keys = Uint32Array.from(lists.flat(), ({ item }) => key(checkItemId("blend: a hit", item)));
  const scores = Float32Array.from(lists.flat(), ({ score }) => score);
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, index) => (offsets[index + 1] = offsets[index]! + list.length));
  const exclude = Uint32Array.from(
    checkItemIds("blend: exclude", options.exclude).filter((item) => keyOf.has(item)),
    key,
  );
  const blended = withCore((core) =>
    core.blend(keys, scores, offsets, Float64Array.from(options.weights), count, exclude),
  );
  const items = [...keyOf.keys()];
  return Array.from(blended.keys, (known, row) => ({
    item: items[known]!,
    score: blended.scores[row]!,
    list: blended.lists[row]!,
  }));
}
