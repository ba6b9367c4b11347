/** Scores of items that the caller has already, and their order by taste. */

import { rowsOf } from "../catalogue/catalogue.js";
import { withCore } from "../core/glue.js";
import { toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import { checkItemId, checkKeys, checkShare, checkVector, inspect } from "../values/check.js";
import type { Settings } from "./options.js";
import { type PlannedQuery, planRecommendation } from "./plan.js";
import { newestRowPerItem, type ProfileState } from "./profile.js";
import type { ItemScore, RankOptions, ScoredItem } from "./types.js";

/** Factor of cosines in the soft maximum. */
const SHARPNESS = 20;
/** Number of the user's newest items that `novelty` compares an item with. */
const MAX_NOVELTY_ITEMS = 100;
const MS_PER_DAY = 86_400_000;

/** A checked list of items, and what the queries of the user say about those with a vector. */
interface RelatedItems {
  readonly items: readonly ItemId[];
  /** Indices of the items with a vector, ascending. */
  readonly known: readonly number[];
  /** The vectors of the known items. */
  readonly vectors: readonly Float32Array[];
  readonly queries: readonly PlannedQuery[];
  /** The cosines of the known items to the queries, row by row. */
  readonly cosines: Float32Array;
  /** For each known item the soft maximum of its cosines, with the weights of the queries. */
  readonly tastes: readonly number[];
}

/** The result of `sage.score(items)`. O(n dim) for each interest and for each newest item. */
export function scoreItems(
  given: readonly ScoredItem[],
  state: ProfileState,
  settings: Settings,
): ItemScore[] {
  const { actions, profile } = state;
  const { items, known, vectors, queries, cosines, tastes } = relateItems(
    "score",
    given,
    state,
    settings,
  );
  const ownVectors = newestRowPerItem(actions)
    .sort((a, b) => actions[b]!.at - actions[a]!.at || b - a)
    .slice(0, MAX_NOVELTY_ITEMS)
    .map((row) => actions[row]!.vector);
  const ownCosines = computeCosines(vectors, ownVectors, settings);
  const recencies = queries.map(({ interest }) => {
    const newest = interest?.rows.reduce(
      (time, row) => Math.max(time, actions[row]!.at),
      -Infinity,
    );
    const age = Math.max(0, profile.builtAt - newest!);
    return Math.exp((-settings.retrieval.recency * age) / MS_PER_DAY);
  });
  let next = 0;
  return items.map((item, index) => {
    const row = known[next] === index ? next++ : -1;
    const score: ItemScore = {
      item,
      known: row >= 0,
      similarity: 0,
      taste: tastes[row] ?? 0,
      recency: 0,
      prior: settings.catalogue?.prior(item) ?? 0,
      novelty: 1,
    };
    let highest = -Infinity;
    for (const [query, { interest }] of queries.entries()) {
      const cosine = cosines[row * queries.length + query]!;
      // Of a row -1 there is no cosine, and the comparison is false.
      if (!interest || !(cosine > highest)) continue;
      score.similarity = highest = cosine;
      score.recency = recencies[query]!;
    }
    for (const own of ownVectors.keys())
      score.novelty = Math.min(score.novelty, 1 - (ownCosines[row * ownVectors.length + own] ?? 0));
    return score;
  });
}

/** The result of `sage.rank(items)`. */
export function rankItems(
  given: readonly ScoredItem[],
  options: RankOptions,
  state: ProfileState,
  settings: Settings,
): ItemId[] {
  checkKeys("rank", options, ["taste"]);
  const share = checkShare("rank: taste", options.taste ?? 1);
  const { items, known, tastes } = relateItems("rank", given, state, settings);
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

const queriesOfState = new WeakMap<ProfileState, readonly PlannedQuery[]>();

/** Validates a list of items and computes the tastes, of which there are none without queries. */
function relateItems(
  where: string,
  given: readonly ScoredItem[],
  state: ProfileState,
  settings: Settings,
): RelatedItems {
  const { items, vectors: found } = checkScoredItems(where, given, settings);
  const known = [...items.keys()].filter((index) => found[index]);
  const vectors = known.map((index) => found[index]!);
  const queries =
    queriesOfState.get(state) ??
    planRecommendation(state, {}, { entries: [], hidden: () => [], boosts: () => [] }, settings)
      .queries;
  queriesOfState.set(state, queries);
  const cosines = computeCosines(
    vectors,
    queries.map(({ query }) => query.vector),
    settings,
  );
  const weights = queries.map(({ weight }) => weight);
  const taste = (row: number): number => {
    let sum = 0;
    // A plain loop: `reduce` would take longer than the cosines.
    for (let query = 0; query < weights.length; query += 1)
      sum += weights[query]! * Math.exp(SHARPNESS * cosines[row * weights.length + query]!);
    return Math.log(sum) / SHARPNESS;
  };
  const tastes = queries.length === 0 ? [] : vectors.map((_, row) => taste(row));
  return { items, known, vectors, queries, cosines, tastes };
}

function computeCosines(
  vectors: readonly Float32Array[],
  queries: readonly Float32Array[],
  { dim }: Settings,
): Float32Array {
  return withCore((core) => core.cosines(toMatrix(vectors, dim), dim, toMatrix(queries, dim)));
}

/** The ids of a list of items, and for each its vector: the given one, or the catalogue's. */
function checkScoredItems(
  where: string,
  given: readonly ScoredItem[],
  { catalogue, dim }: Settings,
): { items: ItemId[]; vectors: (Float32Array | undefined)[] } {
  if (!Array.isArray(given))
    throw new SageError("option", `${where}: expected a list of items, saw ${inspect(given)}.`);
  const vectors: (Float32Array | undefined)[] = [];
  const items = given.map((entry: ScoredItem, index): ItemId => {
    const label = `${where}: item ${index}`;
    if (typeof entry === "string") return checkItemId(label, entry);
    checkKeys(label, entry, ["item", "vector"]);
    const item = checkItemId(label, entry.item);
    if (entry.vector !== undefined) vectors[index] = checkVector(label, entry.vector, dim);
    return item;
  });
  // One call each for all rows and all vectors: `catalogue.vector` would take a millisecond.
  if (catalogue)
    rowsOf(catalogue).handle.with((core) => {
      const rows = items.map((item) => core.row(item));
      const stored = core.vectors(Uint32Array.from(rows.filter((row) => row >= 0)));
      let start = 0;
      rows.forEach((row, index) => {
        if (row < 0) return;
        vectors[index] ??= stored.subarray(start, start + dim);
        start += dim;
      });
    });
  return { items, vectors };
}
