/** The mixture of the answers of a plan: candidates, best first. */

import { withCore } from "../core/glue.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import { packLists } from "./lists.js";
import type { Settings } from "./options.js";
import type { Plan } from "./plan.js";

/** Cosines that engines return may exceed 1 by rounding. */
const MAX_COSINE = 1.001;

/** An item of the mixture. */
export interface Candidate {
  readonly item: ItemId;
  /** Score for the query that contributes most; 0 if the pool does. */
  readonly score: number;
  /** Index in `plan.queries` of the query that contributes most; their number for the pool. */
  readonly list: number;
  /** Index in `plan.queries` of the interest nearest to the item; -1 if none retrieved it. */
  readonly nearest: number;
}

/**
 * The `count` items of the greatest shares in the mixture, and the best one of each interest, best
 * first; of equal shares, the item that the lists name first. `lists` are the answers to the queries of the plan and, if the plan has a pool,
 * its items.
 */
export function mixLists(
  lists: readonly (readonly Hit[])[],
  plan: Plan,
  { catalogue, retriever }: Settings,
  count: number,
): Candidate[] {
  const { queries, pool, popularity } = plan;
  const packed = packLists(lists, plan.exclude);
  const { items, keys, scores, priors, offsets } = packed;
  const weights = Float64Array.from([
    ...queries.map(({ weight }) => weight * (1 - pool.weight)),
    ...(lists.length > queries.length ? [pool.weight] : []),
  ]);
  const areCosines = retriever
    ? scores.every((score) => Math.abs(score) <= MAX_COSINE)
    : catalogue!.metric === "cosine";
  const mixed = withCore((core) =>
    core.mix(keys, scores, priors, offsets, weights, popularity, !areCosines, items.length),
  );
  const nearestByKey = nearestInterests(packed, plan);
  const candidates: Candidate[] = [];
  const seenInterests = new Set([-1]);
  mixed.keys.forEach((key, index) => {
    const nearest = nearestByKey[key]!;
    if (index >= count && seenInterests.has(nearest)) return;
    seenInterests.add(nearest);
    const [score, list] = [mixed.scores[index]!, mixed.lists[index]!];
    candidates.push({ item: items[key]!, score, list, nearest });
  });
  return candidates;
}

/** For each key the query of an interest for which it scores highest; of ties the first, or -1. */
function nearestInterests(
  { items, keys, scores, offsets }: ReturnType<typeof packLists>,
  { queries }: Plan,
): Int32Array {
  const nearest = new Int32Array(items.length).fill(-1);
  const highest = new Float32Array(items.length).fill(-Infinity);
  queries.forEach(({ interest }, list) => {
    if (!interest) return;
    for (let hit = offsets[list]!; hit < offsets[list + 1]!; hit += 1) {
      const key = keys[hit]!;
      if (scores[hit]! <= highest[key]!) continue;
      highest[key] = scores[hit]!;
      nearest[key] = list;
    }
  });
  return nearest;
}
