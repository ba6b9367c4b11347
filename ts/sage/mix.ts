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
  const mixedHits = withCore((core) =>
    core.mix(
      keys,
      leanToAverage(lists, plan),
      priors,
      offsets,
      weights,
      popularity,
      !areCosines,
      items.length,
    ),
  );
  const { nearest, highest } = nearestInterests(lists, plan);
  const candidates: Candidate[] = [];
  // A loop: `Array.from` makes an object for each step.
  for (let start = 0; start < mixedHits.length; start += 4) {
    const key = mixedHits[start]!;
    candidates.push({
      item: items[key]!,
      key,
      utility: utilityOf(mixedHits[start + 3]!),
      bonus: 0,
      score: mixedHits[start + 1]!,
      list: mixedHits[start + 2]!,
      nearest: nearest[key]!,
      similarity: highest[key]!,
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
        ),
      );
      return Array.from({ length: orderedHits.length / 4 }, (_, hit) => ({
        key: orderedHits[4 * hit]!,
        utility: utilityOf(orderedHits[4 * hit + 3]!),
      }));
    },
  };
}

/**
 * The scores for queries that lean towards the average: the score for (1 - lean) x interest +
 * lean x average, of unit length, follows from the scores for the two. An item that the average did
 * not retrieve gets the lowest score of those that it retrieved.
 */
function leanToAverage(
  { items, keys, scores, offsets }: PackedLists,
  { queries, lean }: Plan,
): Float32Array {
  const averageEnd = offsets[1]!;
  if (lean === 0 || !queries[0] || queries[0].interest || averageEnd === 0) return scores;
  const average = queries[0].query.vector;
  const averageScores = new Float64Array(items.length).fill(
    scores.subarray(0, averageEnd).reduce((lowest, score) => Math.min(lowest, score)),
  );
  for (let hit = 0; hit < averageEnd; hit += 1) averageScores[keys[hit]!] = scores[hit]!;
  const leanedScores = scores.slice();
  const squaredLength = dot(average, average);
  queries.forEach(({ interest, query }, list) => {
    if (!interest) return;
    const interestShare = 1 - lean;
    const { vector } = query;
    // 0 with a zero vector.
    const cosine = dot(vector, average) / (Math.sqrt(dot(vector, vector) * squaredLength) || 1);
    const length = Math.sqrt(
      interestShare * interestShare + lean * lean + 2 * interestShare * lean * cosine,
    );
    for (let hit = offsets[list]!; hit < offsets[list + 1]!; hit += 1)
      leanedScores[hit] =
        (interestShare * scores[hit]! + lean * averageScores[keys[hit]!]!) / (length || 1);
  });
  return leanedScores;
}

/**
 * For each key the query of an interest for which it scores highest (of ties the first, or -1), and
 * that score.
 */
function nearestInterests(
  { items, keys, scores, offsets }: PackedLists,
  { queries }: Plan,
): { nearest: Int32Array; highest: Float32Array } {
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
  return { nearest, highest };
}
