/** The plan of a recommendation: options checked, interests picked, and the weight of each list. */

import { withCore } from "../core/glue.js";
import { toUnit } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Query } from "../retriever.js";
import {
  checkFinite,
  checkInteger,
  checkItemIds,
  checkKeys,
  checkShare,
  inspect,
} from "../values/check.js";
import type { Settings } from "./options.js";
import { hasPriors, NO_POOL, type Pool, poolOf } from "./pool.js";
import { newestRowPerItem, type ProfileState, type RetrievalInterest } from "./profile.js";
import type { RecommendOptions } from "./types.js";

const RECOMMEND_OPTION_NAMES = [
  "count",
  "interests",
  "pick",
  "focus",
  "popularity",
  "exclude",
  "signal",
];
const DEFAULT_COUNT = 20;
const DEFAULT_TOP_INTERESTS = 10;
const DEFAULT_SAMPLED_INTERESTS = 3;
/** Weight of the history average in the mixture (docs/decisions/0034-mixture.md). */
const DEFAULT_FOCUS = 0.3;
/** How far the query of an interest leans towards the average, and from which focus on. */
const MAX_LEAN = 0.5;
const FOCUS_OF_MAX_LEAN = 0.3;
/** The pool counts as much as this number of items of the history. */
const POOL_ITEMS = 0.5;
/** The average is the same at each visit, a sample shall not be. */
const SAMPLED_FOCUS = 0;
const DEFAULT_POPULARITY = 1;
/**
 * Hits per query, unless `count` is larger: more change nothing in the first 100 places, and vector
 * engines support it.
 */
const HITS_PER_QUERY = 200;

/** A query, and the weight of its answer in the mixture; the weights of a plan sum to 1. */
export interface PlannedQuery {
  readonly weight: number;
  readonly query: Query;
  /** The interest of the query; undefined for the average of the history. */
  readonly interest: RetrievalInterest | undefined;
}

/** A checked `recommend` call. A custom retriever receives its queries and nothing else. */
export interface Plan {
  readonly count: number;
  readonly popularity: number;
  /** Items acted on, hidden, or excluded by the call. */
  readonly exclude: ReadonlySet<ItemId>;
  /** The average first, then the interests, most important or first drawn first. */
  readonly queries: readonly PlannedQuery[];
  /** Share of the average in the direction of each interest's query, in [0, 1). */
  readonly lean: number;
  readonly pool: Pool;
}

/** Checks the options, picks the interests and builds their queries. */
export function planRecommendation(
  state: ProfileState,
  options: RecommendOptions,
  alwaysExcluded: Iterable<ItemId>,
  settings: Settings,
): Plan {
  checkKeys("recommend", options, RECOMMEND_OPTION_NAMES);
  const count = checkInteger("recommend: count", options.count ?? DEFAULT_COUNT);
  const seed = checkSeed(options.pick);
  const maxInterests = checkInteger(
    "recommend: interests",
    options.interests ?? (seed === undefined ? DEFAULT_TOP_INTERESTS : DEFAULT_SAMPLED_INTERESTS),
  );
  const focus = checkShare(
    "recommend: focus",
    options.focus ?? (seed === undefined ? DEFAULT_FOCUS : SAMPLED_FOCUS),
  );
  const popularity = checkShare("recommend: popularity", options.popularity ?? DEFAULT_POPULARITY);
  const exclude = new Set([
    ...alwaysExcluded,
    ...checkItemIds("recommend: exclude", options.exclude),
  ]);
  const itemCount = newestRowPerItem(state.actions).length;
  // The average of one item is that item.
  const usedFocus = itemCount === 1 ? 0 : focus;
  const influence = settings.retriever || hasPriors(settings.catalogue) ? popularity : 0;
  const queryOptions = { count, maxInterests, seed, focus: usedFocus, popularity: influence };
  return {
    ...{ count, popularity, exclude },
    queries: itemCount === 0 ? [] : planQueries(state, queryOptions, settings),
    lean: MAX_LEAN * Math.min(1, usedFocus / FOCUS_OF_MAX_LEAN),
    pool: planPool(itemCount, influence, settings),
  };
}

/** Without a history all places are of the pool. Beside one, only a pool of popular items counts. */
function planPool(itemCount: number, popularity: number, { catalogue, retriever }: Settings): Pool {
  if (!catalogue || retriever || (itemCount > 0 && popularity === 0)) return NO_POOL;
  const weight = POOL_ITEMS / (itemCount + POOL_ITEMS);
  return { ...poolOf(catalogue, popularity > 0), weight };
}

/**
 * The queries of a profile. A focus of 0 has no query for the average; a focus of 1 has no other,
 * so that no single item of the history leaves the device.
 */
function planQueries(
  { actions, retrieval }: ProfileState,
  options: {
    count: number;
    maxInterests: number;
    seed: number | undefined;
    focus: number;
    popularity: number;
  },
  { catalogue, retriever }: Settings,
): PlannedQuery[] {
  const { focus, maxInterests, seed } = options;
  const { average, interests } = retrieval(options.popularity);
  const count = Math.max(options.count, HITS_PER_QUERY);
  // Squared distances depend on the length of the query, cosines and inner products do not.
  const toQueryVector = catalogue?.metric === "l2" ? (mean: Float32Array) => mean : toUnit;
  const planned: PlannedQuery[] = [];
  if (focus > 0)
    planned.push({
      weight: focus,
      query: { vector: toQueryVector(average), count },
      interest: undefined,
    });
  if (focus === 1) return planned;
  const importance = Float64Array.from(interests, (interest) => interest.importance);
  const picked = withCore((core) =>
    core.pick(importance, Math.min(maxInterests, interests.length), seed),
  );
  const pickedInterests = Array.from(picked, (index) => interests[index]!);
  const total = pickedInterests.reduce((sum, interest) => sum + interest.importance, 0);
  for (const interest of pickedInterests) {
    const { item, vector } = actions[interest.row]!;
    planned.push({
      weight: ((1 - focus) * interest.importance) / total,
      // An engine can query by the id of a stored item; the device searches with the centre.
      query: retriever
        ? { vector: vector.slice(), item, count }
        : { vector: toQueryVector(interest.centre), count },
      interest,
    });
  }
  return planned;
}

function checkSeed(pick: RecommendOptions["pick"]): number | undefined {
  if (pick === undefined || pick === "top") return undefined;
  checkKeys("recommend: pick", pick, ["seed"]);
  if (pick.seed === undefined)
    throw new SageError(
      "option",
      `recommend: pick: expected "top" or { seed }, saw ${inspect(pick)}.`,
    );
  const seed = checkFinite("recommend: pick.seed", pick.seed);
  return checkInteger("recommend: pick.seed", seed, 0, Number.MAX_SAFE_INTEGER);
}
