/** The mixture of the answers of a plan: candidates, best first. */

import { withCore } from "../core/glue.js";
import { dot } from "../core/matrix.js";
import type { ItemId } from "../item.js";
import type { PackedLists } from "./lists.js";
import type { Settings } from "./options.js";
import type { Plan } from "./plan.js";

/** Cosines that engines return may exceed 1 by rounding. */
const MAX_COSINE = 1.001;

/**
 * The factor of cosines in exponents is COSINE_FACTOR - PRIOR_COSINE_FACTOR x influence of priors.
 */
const COSINE_FACTOR = 20;
const PRIOR_COSINE_FACTOR = 10;

/** Number of columns of `Core.mix`. */
const MIX_COLUMNS = 6;

/** An item of the mixture. */
export interface Candidate {
  readonly item: ItemId;
  /** The key of the item in the lists. */
  readonly key: number;
  /** The logarithm of the share in the mixture, in units of a cosine, and what steering adds. */
  readonly utility: number;
  /** What steering adds; negative for an item that is moved down. */
  readonly bonus: number;
  /** Similarity to the query that contributes most; 0 if the pool does. */
  readonly score: number;
  /** Index in `plan.queries` of the query that contributes most; its length for the pool. */
  readonly list: number;
  /** Index in `plan.queries` of the interest nearest to the item; -1 if none retrieved it. */
  readonly nearest: number;
  /** Score for that interest; -Infinity if none retrieved it. */
  readonly similarity: number;
}

/** The candidates of a plan, and the first ones of each interest. */
export interface Mixture {
  /** By descending share; of equal shares, the item that the lists name first. */
  readonly candidates: readonly Candidate[];
  /** Exclusive upper bound of the keys. */
  readonly size: number;
  /** Utility of one unit of the natural logarithm of a share. */
  readonly scale: number;
  /**
   * The keys of the `depth` items nearest to an interest, given by the index of its query, with
   * their utility by similarity and prior, which descends.
   */
  nearItems(query: number, depth: number): { key: number; utility: number }[];
}

/** Mixes the lists of a plan: one per query and, if the plan has a pool, one of its items. */
export function mixLists(lists: PackedLists, plan: Plan, settings: Settings): Mixture {
  const { queries, pool, popularity, retriever } = plan;
  const { items, keys, scores, priors, offsets } = lists;
  const { catalogue } = settings;
  const areCosines = retriever
    ? scores.every((score) => Math.abs(score) <= MAX_COSINE)
    : catalogue!.metric === "cosine";
  const weights = Float64Array.from([
    ...queries.map(({ weight }) => weight * (1 - pool.weight)),
    ...(offsets.length > queries.length + 1 ? [pool.weight] : []),
  ]);
  const scale = 1 / (COSINE_FACTOR - PRIOR_COSINE_FACTOR * (priors.length > 0 ? popularity : 0));
  const utilityOf = (share: number): number => scale * Math.log(Math.max(share, Number.MIN_VALUE));
  const { lean, lengths } = leanOf(plan);
  const mixedHits = withCore((core) =>
    core.mix(
      keys,
      scores,
      priors,
      offsets,
      weights,
      popularity,
      !areCosines,
      items.length,
      lean,
      lengths,
    ),
  );
  const candidates: Candidate[] = [];
  // A loop: `Array.from` makes an object for each step.
  for (let start = 0; start < mixedHits.length; start += MIX_COLUMNS) {
    const key = mixedHits[start]!;
    candidates.push({
      item: items[key]!,
      key,
      utility: utilityOf(mixedHits[start + 3]!),
      bonus: 0,
      score: mixedHits[start + 1]!,
      list: mixedHits[start + 2]!,
      nearest: mixedHits[start + 4]!,
      similarity: mixedHits[start + 5]!,
    });
  }
  return {
    candidates,
    size: items.length,
    scale,
    nearItems(query, depth) {
      const [start, end] = [offsets[query]!, offsets[query + 1]!];
      // The least of `depth` scores, each the highest of its group, is at most the depth-th best.
      const highest = new Float32Array(depth).fill(-Infinity);
      for (let hit = start; hit < end; hit += 1)
        if (scores[hit]! > highest[hit % depth]!) highest[hit % depth] = scores[hit]!;
      const minScore = Math.min(...highest);
      const hits: number[] = [];
      for (let hit = start; hit < end; hit += 1) if (scores[hit]! >= minScore) hits.push(hit);
      hits.sort((a, b) => scores[b]! - scores[a]! || a - b).splice(depth);
      const orderedHits = withCore((core) =>
        core.mix(
          Uint32Array.from(hits, (hit) => keys[hit]!),
          Float32Array.from(hits, (hit) => scores[hit]!),
          Float32Array.from(priors.length > 0 ? hits : [], (hit) => priors[hit]!),
          Uint32Array.of(0, hits.length),
          Float64Array.of(1),
          popularity,
          !areCosines,
          depth,
          0,
          new Float64Array(),
        ),
      );
      return Array.from({ length: orderedHits.length / MIX_COLUMNS }, (_, hit) => ({
        key: orderedHits[MIX_COLUMNS * hit]!,
        utility: utilityOf(orderedHits[MIX_COLUMNS * hit + 3]!),
      }));
    },
  };
}

/**
 * How far the queries of interests lean towards the average, and the length of each leaned query,
 * (1 - lean) x interest + lean x average for vectors of unit length; 0 for other queries.
 */
function leanOf({ queries, lean }: Plan): { lean: number; lengths: Float64Array } {
  const average = queries[0]?.interest ? undefined : queries[0]?.query.vector;
  const squaredLength = average ? dot(average, average) : 0;
  const lengths = Float64Array.from(queries, ({ interest, query: { vector } }) => {
    if (!interest) return 0;
    if (lean === 0 || !average) return 1;
    // 0 with a zero vector.
    const cosine = dot(vector, average) / (Math.sqrt(dot(vector, vector) * squaredLength) || 1);
    const interestShare = 1 - lean;
    const squared = interestShare * interestShare + lean * lean + 2 * interestShare * lean * cosine;
    // Opposite vectors may cancel each other out.
    return Math.sqrt(squared) || 1;
  });
  return { lean: average ? lean : 0, lengths };
}
