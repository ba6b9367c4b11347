/** Scores of items that the caller has already, and their order by taste. */

import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import { toMatrix } from "../core/matrix.js";
import type { ItemId } from "../item.js";
import { checkItemId, checkKeys, checkShare, checkVector, unexpected } from "../values/check.js";
import { MS_PER_DAY } from "../values/time.js";
import { nearestRows } from "./boosts.js";
import type { Log } from "./log.js";
import type { Settings } from "./options.js";
import { type Plan, type PlannedQuery, planRecommendation } from "./plan.js";
import { newestRowPerItem, type ProfileState } from "./profile.js";
import { DISLIKE_PENALTY, findMuted, penaltiesOf, toCosines } from "./steer.js";
import type { ItemScore, RankOptions, ScoredItem } from "./types.js";

/** Factor of cosines in the soft maximum. */
const SHARPNESS = 20;
/** Number of the user's newest items that `novelty` compares an item with. */
const MAX_NOVELTY_ITEMS = 100;

/** A checked list of items, with their vectors or rows where these are known. */
interface ScoredItems {
  readonly items: readonly ItemId[];
  /** Row of each item in the catalogue; negative for none, and if the caller gave a vector. */
  readonly rows: readonly number[];
  /** The vectors that the caller gave. */
  readonly vectors: readonly (Float32Array | undefined)[];
  /** Indices of the items with a vector or a row, ascending. */
  readonly known: readonly number[];
}

/** A list of items, and the cosines and tastes of those whose vector is known. */
interface RelatedItems extends ScoredItems {
  readonly queries: readonly PlannedQuery[];
  /** For each query the cosines of the known items. */
  readonly cosines: readonly Float32Array[];
  /**
   * For each known item the soft maximum of its cosines, with the weights of the queries, and what
   * steering adds.
   */
  readonly tastes: readonly number[];
}

/** The result of `sage.score(items)`. O(n dim) for each interest and for each newest item. */
export function scoreItems(
  given: readonly ScoredItem[],
  state: ProfileState,
  log: Log,
  settings: Settings,
): ItemScore[] {
  const { actions, profile } = state;
  const related = relateItems("score", given, state, log, settings);
  const { items, known, queries, cosines, tastes } = related;
  const ownVectors = [...newestRowPerItem(actions)]
    .sort((a, b) => actions[b]!.at - actions[a]!.at || b - a)
    .slice(0, MAX_NOVELTY_ITEMS)
    .map((row) => actions[row]!.vector);
  const ownCosines = computeCosines(related, ownVectors, settings);
  const recencies = queries.map(({ interest }) => {
    const newest = interest?.rows.reduce(
      (time, row) => Math.max(time, actions[row]!.at),
      -Infinity,
    );
    const age = Math.max(0, profile.builtAt - newest!);
    return Math.exp((-settings.retrieval.recency * age) / MS_PER_DAY);
  });
  let knownCount = 0;
  return items.map((item, index) => {
    // Indices in `known` ascend, so the next of them is the first that can be `index`.
    const isKnown = known[knownCount] === index;
    const row = isKnown ? knownCount : -1;
    if (isKnown) knownCount += 1;
    const score: ItemScore = {
      item,
      known: isKnown,
      similarity: 0,
      taste: tastes[row] ?? 0,
      recency: 0,
      prior: settings.catalogue?.prior(item) ?? 0,
      novelty: 1,
    };
    let highestCosine = -Infinity;
    for (const [query, { interest }] of queries.entries()) {
      const cosine = cosines[query]![row]!;
      // Of a row -1 there is no cosine, and the comparison is false.
      if (!interest || !(cosine > highestCosine)) continue;
      highestCosine = cosine;
      score.similarity = cosine;
      score.recency = recencies[query]!;
    }
    for (const cosinesOfOwn of ownCosines)
      score.novelty = Math.min(score.novelty, 1 - (cosinesOfOwn[row] ?? 0));
    return score;
  });
}

/** The result of `sage.rank(items)`. */
export function rankItems(
  given: readonly ScoredItem[],
  options: RankOptions,
  state: ProfileState,
  log: Log,
  settings: Settings,
): ItemId[] {
  checkKeys("rank", options, ["taste"]);
  const { taste = 1 } = options;
  const share = checkShare("rank: taste", taste);
  const { items, known, tastes } = relateItems("rank", given, state, log, settings);
  const ranked = [...items];
  if (tastes.length === 0) return ranked;
  // Places among the known items: the place of row r in the given order is r.
  const rows = [...known.keys()];
  const places: number[] = [];
  [...rows]
    .sort((a, b) => tastes[b]! - tastes[a]!)
    .forEach((row, place) => {
      places[row] = (1 - share) * row + share * place;
    });
  rows
    .sort((a, b) => places[a]! - places[b]!)
    .forEach((row, place) => {
      ranked[known[place]!] = items[known[row]!]!;
    });
  return ranked;
}

/**
 * The plan of a `recommend` call without options, by state, and the priors of the catalogue that it
 * depends on; the log of a state does not change.
 */
const planOfState = new WeakMap<ProfileState, { plan: Plan; priors: Float32Array | undefined }>();

/** Validates a list of items and computes the tastes: none without queries and dislikes. */
function relateItems(
  where: string,
  given: readonly ScoredItem[],
  state: ProfileState,
  log: Log,
  settings: Settings,
): RelatedItems {
  const scored = checkScoredItems(where, given, settings);
  const priors = settings.catalogue && rowsOf(settings.catalogue).priors;
  const cachedPlan = planOfState.get(state);
  const plan =
    cachedPlan && cachedPlan.priors === priors
      ? cachedPlan.plan
      : planRecommendation(state, {}, log, settings);
  planOfState.set(state, { plan, priors });
  const { queries } = plan;
  const queryVectors = queries.map(({ query }) => query.vector);
  const cosines = computeCosines(scored, queryVectors, settings);
  const weights = queries.map(({ weight }) => weight);
  const taste = (row: number): number => {
    let sum = 0;
    // A plain loop: `reduce` would take longer than the cosines.
    for (let query = 0; query < weights.length; query += 1)
      sum += weights[query]! * Math.exp(SHARPNESS * cosines[query]![row]!);
    return Math.log(sum) / SHARPNESS;
  };
  const tastes =
    queries.length + plan.disliked.size + plan.muted.size === 0
      ? []
      : scored.known.map((_, row) => (queries.length > 0 ? taste(row) : 0));
  return {
    ...scored,
    queries,
    cosines,
    tastes: steerTastes(tastes, scored, plan, state, settings),
  };
}

/**
 * The tastes of the known items after steering, which lowers those of disliked items, of items near
 * them and of items of muted interests.
 */
function steerTastes(
  tastes: readonly number[],
  scored: ScoredItems,
  plan: Plan,
  state: ProfileState,
  { catalogue }: Settings,
): readonly number[] {
  const { disliked, dislikes, muted, queries } = plan;
  if (disliked.size + muted.size === 0) return tastes;
  const vectors = vectorsOf(scored, catalogue);
  const interestQueries = queries.filter(({ interest }) => interest);
  const queryVectors = interestQueries.map(({ query }) => query.vector);
  const nearestQueries = (targets: readonly Float32Array[]): number[] =>
    Array.from(nearestRows(queryVectors, targets, 1).rows, (row) =>
      queries.indexOf(interestQueries[row]!),
    );
  const dislikeVectors = dislikes.map(({ vector }) => vector);
  const nearest = nearestQueries(vectors);
  const penalties = penaltiesOf(
    vectors.map((_, row) => ({ nearest: nearest[row] ?? -1 })),
    toCosines(dislikeVectors, vectors),
    nearestQueries(dislikeVectors),
    plan,
    state,
  );
  const isMuted = findMuted(vectors, plan);
  // A given item is in no list of a query, as an item of the pool.
  const inNoList = { list: queries.length };
  return tastes.map((taste, row) =>
    disliked.has(scored.items[scored.known[row]!]!) || isMuted(inNoList, row)
      ? taste - DISLIKE_PENALTY
      : taste + penalties[row]!,
  );
}

/** For each target the cosines of the known items. */
function computeCosines(
  scored: ScoredItems,
  targets: readonly Float32Array[],
  { catalogue, dim }: Settings,
): Float32Array[] {
  const { known, rows, vectors } = scored;
  // Scores are cosines in one metric only.
  if (catalogue?.metric !== "cosine" || known.some((index) => vectors[index]))
    return toCosines(targets, vectorsOf(scored, catalogue));
  // The vectors stay in wasm memory.
  const knownRows = Uint32Array.from(known, (index) => rows[index]!);
  const scores = rowsOf(catalogue).handle.with((core) =>
    core.scores(toMatrix(targets, dim), knownRows),
  );
  return targets.map((_, target) =>
    scores.subarray(target * known.length, (target + 1) * known.length),
  );
}

/** The vectors of the known items. */
function vectorsOf(
  { items, known, vectors }: ScoredItems,
  catalogue: Catalogue | undefined,
): Float32Array[] {
  return known.map((index) => vectors[index] ?? catalogue!.vector(items[index]!)!);
}

/** Validates a list of items, and looks up their rows. */
function checkScoredItems(
  where: string,
  given: readonly ScoredItem[],
  { catalogue, dim }: Settings,
): ScoredItems {
  if (!Array.isArray(given)) throw unexpected(where, "a list of items", given);
  const vectors: (Float32Array | undefined)[] = [];
  // Holes of the array are values too, which are no items.
  const items = Array.from(given, (entry: ScoredItem, index): ItemId => {
    const label = `${where}: item ${index}`;
    if (typeof entry !== "object" || entry === null) return checkItemId(label, entry);
    checkKeys(label, entry, ["item", "vector"]);
    const item = checkItemId(label, entry.item);
    if (entry.vector !== undefined) vectors[index] = checkVector(label, entry.vector, dim);
    return item;
  });
  const catalogueRows = catalogue && rowsOf(catalogue);
  const rows = items.map((item, index) => (vectors[index] ? -1 : (catalogueRows?.row(item) ?? -1)));
  const known = [...items.keys()].filter((index) => vectors[index] || rows[index]! >= 0);
  return { items, rows, vectors, known };
}
