/**
 * Changes of the mixture that a user makes: dislikes, muted interests, shown items, exploration.
 * They add a bonus to the utility of a candidate, or subtract from it, in units of a cosine.
 */

import { rowsOf } from "../catalogue/catalogue.js";
import { withCore } from "../core/glue.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import { nearestRows } from "./boosts.js";
import { MIN_NEAR_COSINE } from "./explain.js";
import type { Candidate, Mixture } from "./mix.js";
import type { Settings } from "./options.js";
import type { Plan } from "./plan.js";
import type { ProfileState } from "./profile.js";
import { fatigueOf } from "./shown.js";

/** What a dislike of weight 1 subtracts in full: more than utilities differ. */
export const DISLIKE_PENALTY = 2;
/** The cosine from which a dislike counts in full. */
const FULL_DISLIKE_COSINE = 0.8;
/**
 * From this cosine on, a dislike begins to count for items of the interest that the disliked item
 * belongs to. The order within other interests stays.
 */
const MIN_DISLIKE_COSINE = 0.6;

/**
 * The candidates by descending utility (ties keep their order), without those of muted interests,
 * disliked ones, and scores below the least. `negativeAnswers`: the answers of a retriever to the
 * queries `plan.negatives`.
 */
export function steer(
  mixture: Mixture,
  plan: Plan,
  state: ProfileState,
  settings: Settings,
  negativeAnswers: readonly (readonly Hit[])[],
): Mixture {
  const { disliked, dislikes, muted, explore, minScore, retriever, shown } = plan;
  const { catalogue, now } = settings;
  const candidates =
    minScore === -Infinity
      ? mixture.candidates
      : mixture.candidates.filter(({ score }) => score >= minScore);
  if (disliked.size + muted.size + shown.size === 0 && explore === 0)
    return { ...mixture, candidates };
  const vectors =
    retriever || dislikes.length + muted.size === 0
      ? []
      : (rowsOf(catalogue!).vectors(candidates.map(({ item }) => item)) as Float32Array[]);
  const cosines = retriever
    ? toScores(candidates, negativeAnswers)
    : toCosines(
        dislikes.map(({ vector }) => vector),
        vectors,
      );
  const penalties = penaltiesOf(
    candidates,
    cosines,
    dislikes.map(({ item }) => candidates.find((candidate) => candidate.item === item)?.nearest),
    plan,
    state,
  );
  const isMuted = retriever
    ? ({ similarity }: Candidate, index: number) =>
        cosines
          .slice(dislikes.length)
          .some((scores) => scores[index]! > -Infinity && scores[index]! >= similarity)
    : findMuted(vectors, plan);
  const time = now();
  const steered = candidates.map((candidate, index): Candidate => {
    const { item, score, utility } = candidate;
    let bonus = penalties[index]! - fatigueOf(shown, item, time);
    // At 1, the cosine no longer counts: items are drawn by importance and prior.
    bonus -= explore * Math.max(-1, Math.min(1, score));
    if (explore > 0) bonus += explore * mixture.scale * gumbel(plan.exploreSeed, item);
    return { ...candidate, bonus, utility: utility + bonus };
  });
  return {
    ...mixture,
    candidates: steered
      .filter((candidate, index) => !disliked.has(candidate.item) && !isMuted(candidate, index))
      .sort((a, b) => b.utility - a.utility),
  };
}

/**
 * What the dislikes of a plan add to the utility of each candidate: 0 or less. `cosines`: of each
 * dislike to all candidates. `nearest`: index of the query nearest to each disliked item.
 */
export function penaltiesOf(
  candidates: readonly Pick<Candidate, "nearest">[],
  cosines: readonly Float32Array[],
  nearest: readonly (number | undefined)[],
  { dislikes, queries }: Plan,
  { labels }: ProfileState,
): number[] {
  const interestOf = (query = -1): number | undefined =>
    labels[queries[query]?.interest?.row ?? -1];
  const dislikedInterests = nearest.map(interestOf);
  return candidates.map((candidate, index) =>
    dislikes.reduce((penalty, { weight }, row) => {
      const cosine = cosines[row]![index]!;
      if (cosine < FULL_DISLIKE_COSINE && interestOf(candidate.nearest) !== dislikedInterests[row])
        return penalty;
      const share = (cosine - MIN_DISLIKE_COSINE) / (FULL_DISLIKE_COSINE - MIN_DISLIKE_COSINE);
      // The weight of a dislike is negative.
      return penalty + weight * DISLIKE_PENALTY * Math.max(0, Math.min(1, share));
    }, 0),
  );
}

/** For each target the cosines of all vectors. */
export function toCosines(
  targets: readonly Float32Array[],
  vectors: readonly Float32Array[],
): Float32Array[] {
  const cosines = targets.map(() => new Float32Array(vectors.length));
  const { rows, scores } = nearestRows(targets, vectors, targets.length);
  for (let hit = 0; hit < rows.length; hit += 1)
    cosines[rows[hit]!]![Math.floor(hit / targets.length)] = scores[hit]!;
  return cosines;
}

/** For each list the scores of all candidates; -Infinity for those that it does not have. */
function toScores(
  candidates: readonly Candidate[],
  lists: readonly (readonly Hit[])[],
): Float32Array[] {
  return lists.map((hits) => {
    const scores = new Map<ItemId, number>(hits.map(({ item, score }) => [item, score]));
    return Float32Array.from(candidates, ({ item }) => scores.get(item) ?? -Infinity);
  });
}

/**
 * Whether a candidate belongs to a muted interest: the one with the nearest centre counts. An item
 * of the pool belongs to it only if it is like it.
 */
export function findMuted(
  vectors: readonly Float32Array[],
  { muted, interests, queries }: Plan,
): (candidate: Pick<Candidate, "list">, index: number) => boolean {
  if (muted.size === 0) return () => false;
  const { rows, scores } = nearestRows(
    interests.map((interest) => interest.centre()),
    vectors,
    1,
  );
  return ({ list }, index) =>
    muted.has(interests[rows[index]!]!) &&
    (list < queries.length || scores[index]! >= MIN_NEAR_COSINE);
}

/** A variate of the standard Gumbel distribution, determined by seed and item. */
function gumbel(seed: number, item: ItemId): number {
  const bytes = new TextEncoder().encode(`${seed} ${item}`);
  const uniform = (withCore((core) => core.checksum(bytes)) + 0.5) / 2 ** 32;
  return -Math.log(-Math.log(uniform));
}
