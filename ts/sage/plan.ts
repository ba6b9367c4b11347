/** The plan of a recommendation: options checked, interests picked, and the weight of each list. */

import type { Filter } from "../catalogue/filter.js";
import { withCore } from "../core/glue.js";
import { toUnit } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Query, Retriever } from "../retriever.js";
import {
  checkFinite,
  checkInteger,
  checkItemIds,
  checkKeys,
  checkRange,
  checkShare,
  unexpected,
} from "../values/check.js";
import { computeFactors, meanOf, type WeighedInterest } from "./boosts.js";
import type { Log } from "./log.js";
import { isDislike } from "./operation.js";
import type { Settings } from "./options.js";
import { hasPriors, NO_POOL, type Pool, poolOf } from "./pool.js";
import {
  newestRowPerItem,
  type ProfileState,
  type ResolvedAction,
  type RetrievalInterest,
} from "./profile.js";
import type { Showing } from "./shown.js";
import type { RecommendOptions } from "./types.js";

const RECOMMEND_OPTION_NAMES = [
  "count",
  "offset",
  "interests",
  "pick",
  "focus",
  "popularity",
  "diversity",
  "explore",
  "exploreSeed",
  "minScore",
  "filter",
  "personal",
  "exclude",
  "signal",
];
const DEFAULT_COUNT = 20;
/** The defaults of the dials, without a seed. */
export const DEFAULTS = {
  interests: 10,
  /** Weight of the history average in the mixture (docs/decisions/0034-mixture.md). */
  focus: 0.3,
  popularity: 1,
  diversity: 0,
  explore: 0,
};
const DEFAULT_SAMPLED_INTERESTS = 3;
/** Largest share of the average in the query of an interest, and the least focus that gives it. */
const MAX_LEAN = 0.5;
const FOCUS_OF_MAX_LEAN = 0.3;
/** The pool counts as much as this number of items of the history. */
const POOL_ITEMS = 0.5;
/** Default focus with a seed: an average, equal in all visits, would make samples alike. */
const SAMPLED_FOCUS = 0;
/** Hits per query: more change nothing in the first 100 places, and vector engines support it. */
const HITS_PER_QUERY = 200;
/** Maximum number of dislikes (the last ones), and of muted interests, that a retriever queries. */
const MAX_REMOTE_NEGATIVES = 10;

/** A query, and the weight of its answer in the mixture; the weights of a plan sum to 1. */
export interface PlannedQuery {
  readonly weight: number;
  readonly query: Query;
  /** The interest of the query; undefined for the average of the history. */
  readonly interest: RetrievalInterest | undefined;
}

/** The checked options of a `recommend` call, with their defaults. */
interface CheckedOptions {
  readonly offset: number;
  readonly count: number;
  readonly popularity: number;
  readonly diversity: number;
  readonly explore: number;
  readonly exploreSeed: number;
  /** Minimum score of a recommendation. */
  readonly minScore: number;
  /** Condition on the items of the catalogue; the retriever of a plan has it already. */
  readonly filter: Filter | undefined;
  readonly personal: boolean;
  /** Seed of sampled interests; undefined for the most important ones. */
  readonly seed: number | undefined;
  readonly maxInterests: number;
  readonly focus: number;
}

/** A checked `recommend` call. A custom retriever receives its queries and nothing else. */
export interface Plan extends CheckedOptions {
  /** Items acted on, hidden, or excluded by the call. */
  readonly exclude: ReadonlySet<ItemId>;
  /** The average first, then the interests, most important or first drawn first. */
  readonly queries: readonly PlannedQuery[];
  /** Share of the average in the direction of each interest's query, in [0, 1). */
  readonly lean: number;
  readonly pool: Pool;
  /** Undefined if the catalogue answers. */
  readonly retriever: Retriever | undefined;
  /**
   * Disliked items. They are removed after the mixture, not before: a list without its best hit
   * would be normalised otherwise, and the order of other items would change.
   */
  readonly disliked: ReadonlySet<ItemId>;
  /** Items that were shown lately. */
  readonly shown: ReadonlyMap<ItemId, Showing>;
  /** Disliked actions; items near them are moved down. */
  readonly dislikes: readonly ResolvedAction[];
  /** All interests, and the muted ones, whose items are left out. */
  readonly interests: readonly RetrievalInterest[];
  readonly muted: ReadonlySet<RetrievalInterest>;
  /** Queries whose hits are near `dislikes` and `muted`, in this order; none for a catalogue. */
  readonly negatives: readonly Query[];
}

/** Checks the options, picks the interests and builds their queries. */
export function planRecommendation(
  state: ProfileState,
  options: RecommendOptions,
  log: Pick<Log, "entries" | "hidden" | "boosts">,
  settings: Settings,
): Plan {
  const checked = checkOptions(options, settings);
  const { personal, popularity, filter } = checked;
  const { catalogue } = settings;
  const { exclude: given = [] } = options;
  const exclude = new Set([...log.hidden(), ...checkItemIds("recommend: exclude", given)]);
  const disliked = new Set<ItemId>();
  // A loop: building lists first would take as long as all other steps of the plan.
  if (personal)
    for (const entry of log.entries) {
      if (isDislike(entry)) disliked.add(entry.item);
      else exclude.add(entry.item);
    }
  const retriever = personal ? filterRetriever(settings.retriever, filter) : undefined;
  const itemCount = personal ? newestRowPerItem(state.actions).length : 0;
  // The average of one item is that item.
  const focus = itemCount === 1 ? 0 : checked.focus;
  const influence = retriever || hasPriors(catalogue) ? popularity : 0;
  const { average, interests } =
    itemCount === 0 ? { average: undefined, interests: [] } : state.retrieval(influence);
  const factors = computeFactors(log.boosts(), state, interests, catalogue);
  const queries = planQueries(
    interests.flatMap((interest, index) => {
      const importance = interest.importance * factors[index]!;
      return importance > 0 ? { interest, importance } : [];
    }),
    factors.every((factor) => factor === 1) ? average : undefined,
    { ...checked, focus },
    state.actions,
    { ...settings, retriever },
  );
  return {
    ...checked,
    exclude,
    disliked,
    retriever,
    queries,
    interests,
    ...planSteering(state, factors, interests, retriever, personal),
    shown: personal ? settings.shown : new Map(),
    lean: MAX_LEAN * Math.min(1, focus / FOCUS_OF_MAX_LEAN),
    // If all interests are muted, the pool supplies all recommendations.
    pool: planPool(queries.length === 0 ? 0 : itemCount, influence, filter, catalogue, retriever),
  };
}

/** Validates the options, except `exclude` and `signal`, and sets their defaults. */
function checkOptions(options: RecommendOptions, { catalogue }: Settings): CheckedOptions {
  checkKeys("recommend", options, RECOMMEND_OPTION_NAMES);
  const seed = checkSeed(options.pick);
  const isSampled = seed !== undefined;
  const {
    offset = 0,
    count = DEFAULT_COUNT,
    interests = isSampled ? DEFAULT_SAMPLED_INTERESTS : DEFAULTS.interests,
    focus = isSampled ? SAMPLED_FOCUS : DEFAULTS.focus,
    popularity = DEFAULTS.popularity,
    diversity = DEFAULTS.diversity,
    explore = DEFAULTS.explore,
    exploreSeed = 0,
    minScore,
    filter,
    personal = true,
  } = options;
  if (typeof personal !== "boolean" || (!personal && !catalogue))
    refuse("personal", "true, or false with a catalogue", personal);
  return {
    filter,
    personal,
    seed,
    minScore: minScore === undefined ? -Infinity : checkFinite("recommend: minScore", minScore),
    offset: checkInteger("recommend: offset", offset, 0),
    count: checkInteger("recommend: count", count),
    maxInterests: checkInteger("recommend: interests", interests),
    focus: checkShare("recommend: focus", focus),
    popularity: checkShare("recommend: popularity", popularity),
    diversity: checkShare("recommend: diversity", diversity),
    explore: checkRange("recommend: explore", explore, -1, 1),
    exploreSeed: checkSeedNumber("recommend: exploreSeed", exploreSeed),
  };
}

/** Dislikes and muted interests; of these a retriever receives queries, and so a limited number. */
function planSteering(
  { actions, dislikes }: ProfileState,
  factors: readonly number[],
  interests: readonly RetrievalInterest[],
  retriever: Retriever | undefined,
  personal: boolean,
): Pick<Plan, "dislikes" | "muted" | "negatives"> {
  const limit = retriever ? MAX_REMOTE_NEGATIVES : Infinity;
  const muted = interests.filter((_, index) => factors[index] === 0).slice(0, limit);
  const countedDislikes = personal ? dislikes.slice(-limit) : [];
  const negatives = retriever ? [...countedDislikes, ...muted.map(({ row }) => actions[row]!)] : [];
  return {
    dislikes: countedDislikes,
    muted: new Set(muted),
    negatives: negatives.map(({ item, vector }) => ({
      vector: vector.slice(),
      item,
      count: HITS_PER_QUERY,
    })),
  };
}

/**
 * The retriever, restricted to items that meet the filter. Throws code "option" if it cannot be.
 */
function filterRetriever(
  retriever: Retriever | undefined,
  filter: Filter | undefined,
): Retriever | undefined {
  if (!retriever || filter === undefined) return retriever;
  if (retriever.withFilter) return retriever.withFilter(filter);
  throw new SageError(
    "option",
    "recommend: filter: expected a retriever with `withFilter`; filter its items afterwards.",
  );
}

/**
 * Without a history the pool supplies all recommendations. Beside a history, only a pool of popular
 * items counts.
 */
function planPool(
  itemCount: number,
  popularity: number,
  filter: Filter | undefined,
  catalogue: Settings["catalogue"],
  retriever: Retriever | undefined,
): Pool {
  if (!catalogue || retriever || (itemCount > 0 && popularity === 0)) return NO_POOL;
  const weight = POOL_ITEMS / (itemCount + POOL_ITEMS);
  return { ...poolOf(catalogue, popularity > 0, filter), weight };
}

/**
 * The queries of interests with their importances, which are above 0. A focus of 0 has no query for
 * the average; a focus of 1 has no other, so that no single item of the history leaves the device.
 * `average` is undefined if some importances were changed: it then follows from the centres.
 */
function planQueries(
  weighed: readonly WeighedInterest[],
  average: Float32Array | undefined,
  options: Pick<CheckedOptions, "maxInterests" | "seed" | "focus">,
  actions: readonly ResolvedAction[],
  { catalogue, retriever }: Settings,
): PlannedQuery[] {
  const { focus, maxInterests, seed } = options;
  const count = HITS_PER_QUERY;
  // Squared distances depend on the length of the query, cosines and inner products do not.
  const toQueryVector = catalogue?.metric === "l2" ? (mean: Float32Array) => mean : toUnit;
  const planned: PlannedQuery[] = [];
  if (weighed.length === 0) return planned;
  if (focus > 0)
    planned.push({
      weight: focus,
      query: { vector: toQueryVector(average ?? meanOf(weighed)), count },
      interest: undefined,
    });
  if (focus === 1) return planned;
  const importances = Float64Array.from(weighed, ({ importance }) => importance);
  const pickedIndices = withCore((core) =>
    core.pick(importances, Math.min(maxInterests, weighed.length), seed),
  );
  const pickedInterests = Array.from(pickedIndices, (index) => weighed[index]!);
  const total = pickedInterests.reduce((sum, { importance }) => sum + importance, 0);
  for (const { interest, importance } of pickedInterests) {
    const { item, vector } = actions[interest.row]!;
    planned.push({
      weight: ((1 - focus) * importance) / total,
      // An engine can query by the id of a stored item; the device searches with the centre.
      query: retriever
        ? { vector: vector.slice(), item, count }
        : { vector: toQueryVector(interest.centre()), count },
      interest,
    });
  }
  return planned;
}

function checkSeed(pick: RecommendOptions["pick"]): number | undefined {
  if (pick === undefined || pick === "top") return undefined;
  if (typeof pick === "object") checkKeys("recommend: pick", pick, ["seed"]);
  return pick?.seed === undefined
    ? refuse("pick", '"top" or { seed }', pick)
    : checkSeedNumber("recommend: pick.seed", pick.seed);
}

function refuse(name: string, expected: string, value: unknown): never {
  throw unexpected(`recommend: ${name}`, `${expected}`, value);
}

function checkSeedNumber(where: string, seed: unknown): number {
  return checkInteger(where, checkFinite(where, seed), 0, Number.MAX_SAFE_INTEGER);
}
