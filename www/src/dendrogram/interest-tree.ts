/** In the worker: the Ward tree of the user's items, and its cuts. */
import { type Catalogue, cluster, type ItemId, LIMITS, type Sage, ward } from "pocketsage";

export interface InterestTree {
  /** The items of the profile; an item is the leaf of its index. */
  items: ItemId[];
  /** The sum of the weights of each item's actions. */
  weights: number[];
  /** The merges that `ward` returns: [a, b, height, size] each, by ascending height. */
  merges: Float64Array;
}

export interface CutTree {
  /** The interest of each item. */
  labels: Int32Array;
  /** The index of each interest's medoid. */
  medoids: Uint32Array;
}

/** Items without a vector in the catalogue, and items that are disliked, are left out. */
export async function interestTree(catalogue: Catalogue, sage: Sage): Promise<InterestTree> {
  const weightOf = new Map<ItemId, number>();
  for (const { item, weight = 1 } of await sage.actions({ count: LIMITS.maxCount }))
    if (weight > 0 && catalogue.has(item)) weightOf.set(item, (weightOf.get(item) ?? 0) + weight);
  const items = [...weightOf.keys()];
  const weights = [...weightOf.values()];
  const { dim } = catalogue;
  return { items, weights, merges: ward(matrixOf(catalogue, items), { dim, weights }) };
}

/** `tree` cut into `count` interests, from 1 to the number of items. */
export function cutTree(catalogue: Catalogue, tree: InterestTree, count: number): CutTree {
  const { dim } = catalogue;
  const { items, weights } = tree;
  const vectors = matrixOf(catalogue, items);
  const { labels, medoids } = cluster(vectors, { dim, weights, cut: { count } });
  return { labels, medoids };
}

function matrixOf(catalogue: Catalogue, items: readonly ItemId[]): Float32Array {
  const { dim } = catalogue;
  const vectors = new Float32Array(items.length * dim);
  for (const [row, item] of items.entries()) vectors.set(catalogue.vector(item) ?? [], row * dim);
  return vectors;
}
