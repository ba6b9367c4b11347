/** Ranked lists in the form in which the core reads them: dense integer keys instead of ids. */

import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";

/** The hits of several lists; list l is `keys[offsets[l]..offsets[l + 1]]`. */
export interface PackedLists {
  /** The item of each key, in the order in which the lists name them first. */
  readonly items: readonly ItemId[];
  readonly keys: Uint32Array;
  readonly scores: Float32Array;
  /** The prior of each hit; empty if no hit has one. */
  readonly priors: Float32Array;
  readonly offsets: Uint32Array;
}

/** The hits of one query, best first, and the item of each. */
export interface QueryHits {
  readonly vector: Float32Array;
  readonly rows: Uint32Array;
  readonly ids: readonly ItemId[];
  /** The index in `scores` of each row that the last search with these hits has scored. */
  keyOfRow?: ReadonlyMap<number, number>;
  scores?: Float32Array;
}

/** A search and its result, for searches with equal queries. */
interface Search {
  /** The priors of the catalogue: another array after each change of its items. */
  readonly priors: Float32Array;
  /** The number of hits of each query, and the rows that may be hits. */
  readonly restriction: string;
  readonly excluded: ReadonlySet<number>;
  readonly poolRows: readonly number[];
  /** The hits of each query. */
  readonly hits: readonly QueryHits[];
  /** Hits of searches before it. */
  readonly earlierHits: readonly QueryHits[];
  readonly lists: PackedLists;
}

/** Holds the last search of a user. */
export interface SearchMemo {
  last?: Search | undefined;
}

/** Packs the hits of all lists, without those of excluded items. */
export function packLists(
  lists: readonly (readonly Hit[])[],
  exclude: ReadonlySet<ItemId>,
): PackedLists {
  const keyByItem = new Map<ItemId, number>();
  const keys: number[] = [];
  const scores: number[] = [];
  const priors: number[] = [];
  const offsets = new Uint32Array(lists.length + 1);
  let hasPriors = false;
  lists.forEach((hits, list) => {
    for (const { item, score, prior = 0 } of hits) {
      if (exclude.has(item)) continue;
      const key = keyByItem.get(item) ?? keyByItem.size;
      if (key === keyByItem.size) keyByItem.set(item, key);
      keys.push(key);
      scores.push(score);
      priors.push(prior);
      hasPriors ||= prior > 0;
    }
    offsets[list + 1] = keys.length;
  });
  return {
    items: [...keyByItem.keys()],
    keys: Uint32Array.from(keys),
    scores: Float32Array.from(scores),
    priors: Float32Array.from(hasPriors ? priors : []),
    offsets,
  };
}
