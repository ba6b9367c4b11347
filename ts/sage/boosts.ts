/**
 * Muted and boosted interests. A mark is bound to an item, its anchor, and applies to the interest
 * that has the anchor, or else to the nearest one: so it survives each new clustering.
 */

import type { Catalogue } from "../catalogue/catalogue.js";
import { withCore } from "../core/glue.js";
import { toMatrix } from "../core/matrix.js";
import type { ItemId } from "../item.js";
import type { ProfileState, RetrievalInterest } from "./profile.js";

/** A mark with a factor: 0 mutes the interest of the item. */
export interface Boost {
  readonly item: ItemId;
  readonly factor: number;
}

/**
 * The factor of each interest that retrieves: the factor of the profile's interest that contains
 * it. Of several marks in one interest the last counts. A mark has no effect while its item is
 * neither in the history nor in the catalogue.
 */
export function computeFactors(
  boosts: readonly Boost[],
  { actions, labels, profile }: ProfileState,
  interests: readonly RetrievalInterest[],
  catalogue: Catalogue | undefined,
): number[] {
  const factors = interests.map(() => 1);
  for (const { item, factor } of boosts) {
    const row = actions.findLastIndex((action) => action.item === item);
    const vector = actions[row]?.vector ?? catalogue?.vector(item);
    if (!vector) continue;
    const medoids = profile.interests.map((interest) => interest.vector);
    const label = labels[row] ?? nearestRows(medoids, [vector], 1).rows[0];
    interests.forEach((interest, index) => {
      if (labels[interest.row] === label) factors[index] = factor;
    });
  }
  return factors;
}

/** For each vector the `count` rows of the highest cosines, concatenated. */
export function nearestRows(
  rows: readonly Float32Array[],
  vectors: readonly Float32Array[],
  count: number,
): { rows: ArrayLike<number>; scores: ArrayLike<number> } {
  const dim = vectors[0]?.length ?? 0;
  if (rows.length === 0 || dim === 0) return { rows: [], scores: [] };
  const [matrix, targets] = [toMatrix(rows, dim), toMatrix(vectors, dim)];
  const [nearest, scores] = withCore((core) => core.nearest(matrix, dim, targets, count));
  return { rows: nearest, scores };
}

/** An interest, and its importance with the factors of marks. */
export interface WeighedInterest {
  readonly interest: RetrievalInterest;
  readonly importance: number;
}

/** The mean of the centres, weighted by importance. */
export function meanOf(weighed: readonly WeighedInterest[]): Float32Array {
  const total = weighed.reduce((sum, { importance }) => sum + importance, 0);
  const centres = weighed.map(({ interest }) => interest.centre());
  return centres[0]!.map(
    (_, axis) =>
      weighed.reduce((sum, { importance }, row) => sum + importance * centres[row]![axis]!, 0) /
      total,
  );
}
