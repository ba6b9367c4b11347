/** Recommendations: pick interests, query, blend, and explain each result. */

import { withCore } from "../core/glue.js";
import { toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Query } from "../retriever.js";
import { checkFinite, checkInteger, checkItemIds, checkKeys, inspect } from "../values/check.js";
import { blend } from "./blend.js";
import type { Settings } from "./options.js";
import { buildQueries } from "./outbound.js";
import { newestRowPerItem, type ProfileState } from "./profile.js";
import { searchCatalogue } from "./retrieve-local.js";
import { retrieve } from "./retrieve-remote.js";
import type { Interest, Recommendation, RecommendOptions } from "./types.js";

const RECOMMEND_OPTION_NAMES = ["count", "interests", "pick", "exclude", "signal"];
const DEFAULT_TOP_INTERESTS = 8;
const DEFAULT_SAMPLED_INTERESTS = 3;
const MAX_NEAREST_PER_RECOMMENDATION = 3;
/**
 * Lowest cosine at which an action counts as near an item. Below it two items are unlike: two single
 * actions that far apart are never one interest either (`Cut::Auto`).
 */
const MIN_NEAR_COSINE = 0.3;

/** The plan of a `recommend` call. A custom retriever receives `queries` and nothing else. */
export interface Plan {
  readonly count: number;
  readonly exclude: ReadonlySet<ItemId>;
  /** Interests to query; `queries[i]` is the query of `interests[i]`. */
  readonly interests: readonly Interest[];
  readonly queries: readonly Query[];
}

/** Pick the interests and build their queries. `alwaysExcluded`: acted-on and hidden items. */
export function planQueries(
  state: ProfileState,
  options: RecommendOptions,
  alwaysExcluded: Iterable<ItemId>,
): Plan {
  checkKeys("recommend", options, RECOMMEND_OPTION_NAMES);
  const count = options.count === undefined ? 20 : checkInteger("recommend: count", options.count);
  const seed = checkSeed(options.pick);
  const defaultInterests = seed === undefined ? DEFAULT_TOP_INTERESTS : DEFAULT_SAMPLED_INTERESTS;
  const maxInterests =
    options.interests === undefined
      ? defaultInterests
      : checkInteger("recommend: interests", options.interests);
  const exclude = new Set([
    ...alwaysExcluded,
    ...checkItemIds("recommend: exclude", options.exclude),
  ]);
  const allInterests = state.profile.interests;
  if (allInterests.length === 0) return { count, exclude, interests: [], queries: [] };
  const importance = Float64Array.from(allInterests, (interest) => interest.importance);
  const pickedIndices = withCore((core) =>
    core.pick(importance, Math.min(maxInterests, allInterests.length), seed),
  );
  const interests = Array.from(pickedIndices, (index) => allInterests[index]!);
  return { count, exclude, interests, queries: buildQueries(interests, count) };
}

/**
 * Query the retriever or the catalogue, blend the hits by importance, and add to each hit the items
 * of its interest that are near it.
 */
export async function runPlan(
  plan: Plan,
  state: ProfileState,
  settings: Settings,
  signal?: AbortSignal,
): Promise<Recommendation[]> {
  const { count, exclude, interests, queries } = plan;
  if (queries.length === 0) return [];
  const lists = settings.retriever
    ? await retrieve(settings.retriever, queries, signal)
    : searchCatalogue(requireCatalogue(settings), queries, exclude);
  const weights = interests.map(({ importance }) => importance);
  const hits = blend(lists, { weights, count, exclude });
  // A hit without a known vector is explained by the vector of the medoid that retrieved it.
  const vectors = hits.map(
    ({ item, list }) => settings.catalogue?.vector(item) ?? interests[list]!.vector,
  );
  const near: NearMember[][] = hits.map(() => []);
  interests.forEach((interest, list) => {
    const indices = [...hits.keys()].filter((index) => hits[index]!.list === list);
    const hitVectors = indices.map((index) => vectors[index]!);
    nearMembers(state, interest, hitVectors, MAX_NEAREST_PER_RECOMMENDATION).forEach(
      (members, i) => (near[indices[i]!] = members),
    );
  });
  return hits.map(({ item, score, list }, index) => ({
    item,
    score,
    because: {
      medoid: interests[list]!.medoid,
      nearest: near[index]!.map((member) => member.item),
    },
  }));
}

/** An item of an interest, its cosine to an item, and the time of its newest action. */
interface NearMember {
  item: ItemId;
  similarity: number;
  at: number;
}

/**
 * For each vector the items of an interest of the profile that are near it: at most `count`, each
 * once, with a cosine of at least MIN_NEAR_COSINE, by descending cosine (ties: the lower row);
 * possibly none. `excludedItem` is left out.
 */
export function nearMembers(
  state: ProfileState,
  interest: Interest,
  vectors: readonly Float32Array[],
  count: number,
  excludedItem?: ItemId,
): NearMember[][] {
  const { actions, labels, profile } = state;
  const label = profile.interests.indexOf(interest);
  const rows = newestRowPerItem(actions).filter(
    (row) => labels[row] === label && actions[row]!.item !== excludedItem,
  );
  if (rows.length === 0 || vectors.length === 0) return vectors.map(() => []);
  const { dim } = profile;
  const memberVectors = toMatrix(
    rows.map((row) => actions[row]!.vector),
    dim,
  );
  const nearest = withCore((core) =>
    core.nearest(memberVectors, dim, toMatrix(vectors, dim), count),
  );
  const membersPerVector = Math.min(count, rows.length);
  return vectors.map((_, query) =>
    Array.from({ length: membersPerVector }, (_, rank) => {
      const index = query * membersPerVector + rank;
      const { item, at } = actions[rows[nearest.rows[index]!]!]!;
      return { item, similarity: nearest.scores[index]!, at };
    }).filter(({ similarity }) => similarity >= MIN_NEAR_COSINE),
  );
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

function requireCatalogue({ catalogue }: Settings): NonNullable<Settings["catalogue"]> {
  if (catalogue) return catalogue;
  throw new SageError(
    "option",
    "recommend: no source of items: pass openSage a `catalogue` or a `retriever`.",
  );
}
