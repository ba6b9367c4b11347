/** From a profile to recommendations: pick interests, query, blend, and say why. */

import { checkFinite, checkInteger, checkItemIds, checkKeys, inspect } from "../check.js";
import { withCore } from "../core/glue.js";
import { toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Query } from "../retriever.js";
import { blend } from "./blend.js";
import type { Settings } from "./options.js";
import { buildQueries } from "./outbound.js";
import { distinctRows, type ProfileState } from "./profile.js";
import { searchCatalogue } from "./retrieve-local.js";
import { retrieve } from "./retrieve-remote.js";
import type { Interest, Recommendation, RecommendOptions } from "./types.js";

const OPTIONS = ["count", "interests", "pick", "exclude", "signal"];
const TOP = 8;
const SAMPLED = 3;
const REASONS = 3;

/** What a call of `recommend` will do; all of what may leave the device is in `queries`. */
export interface Plan {
  readonly count: number;
  readonly exclude: ReadonlySet<ItemId>;
  /** The interests to query, and the query of each. */
  readonly interests: readonly Interest[];
  readonly queries: readonly Query[];
}

/** Which interests to query, for which items. `never` are the items that are not to be recommended whatever the options say. */
export function planQueries(
  taste: ProfileState,
  options: RecommendOptions,
  never: Iterable<ItemId>,
): Plan {
  checkKeys("recommend", options, OPTIONS);
  const count = options.count === undefined ? 20 : checkInteger("recommend: count", options.count);
  const seed = checkPick(options.pick);
  const usual = seed === undefined ? TOP : SAMPLED;
  const most =
    options.interests === undefined
      ? usual
      : checkInteger("recommend: interests", options.interests);
  const exclude = new Set([...never, ...checkItemIds("recommend: exclude", options.exclude)]);
  const all = taste.profile.interests;
  if (all.length === 0) return { count, exclude, interests: [], queries: [] };
  const importance = Float64Array.from(all, (interest) => interest.importance);
  const picked = withCore((core) => core.pick(importance, Math.min(most, all.length), seed));
  const interests = Array.from(picked, (index) => all[index]!);
  return { count, exclude, interests, queries: buildQueries(interests, count) };
}

/** Carries the plan out: asks the retriever or the catalogue, blends by importance, and gives the reasons. */
export async function runPlan(
  plan: Plan,
  taste: ProfileState,
  settings: Settings,
  signal?: AbortSignal,
): Promise<Recommendation[]> {
  const { count, exclude, interests, queries } = plan;
  if (queries.length === 0) return [];
  const lists = settings.retriever
    ? await retrieve(settings.retriever, queries, signal)
    : searchCatalogue(needCatalogue(settings), queries, exclude);
  const weights = interests.map(({ importance }) => importance);
  const hits = blend(lists, { weights, count, exclude });
  // Where the item's own vector is unknown, its medoid's stands in.
  const vectors = hits.map(
    ({ item, list }) => settings.catalogue?.vector(item) ?? interests[list]!.vector,
  );
  const reasons = nearestActions(taste, vectors, REASONS);
  return hits.map(({ item, score, list }, place) => ({
    item,
    score,
    because: {
      medoid: interests[list]!.medoid,
      nearest: reasons[place]!.map((reason) => reason.item),
    },
  }));
}

/** The user's own items nearest to each vector, most similar first, each item once. */
export function nearestActions(
  taste: ProfileState,
  vectors: readonly Float32Array[],
  count: number,
  except?: ItemId,
): { item: ItemId; similarity: number; at: number }[][] {
  const rows = distinctRows(taste.actions).filter((row) => taste.actions[row]!.item !== except);
  if (rows.length === 0 || vectors.length === 0) return vectors.map(() => []);
  const { dim } = taste.profile;
  const own = toMatrix(
    rows.map((row) => taste.actions[row]!.vector),
    dim,
  );
  const distinct = [...new Set(vectors)]; // one medoid may stand in for many items
  const found = withCore((core) => core.nearest(own, dim, toMatrix(distinct, dim), count));
  const each = Math.min(count, rows.length);
  return vectors.map((vector) =>
    Array.from({ length: each }, (_, rank) => {
      const place = distinct.indexOf(vector) * each + rank;
      const { item, at } = taste.actions[rows[found.rows[place]!]!]!;
      return { item, similarity: found.scores[place]!, at };
    }),
  );
}

function checkPick(pick: RecommendOptions["pick"]): number | undefined {
  if (pick === undefined || pick === "top") return undefined;
  checkKeys("recommend: pick", pick, ["seed"]);
  if (pick.seed === undefined)
    throw new SageError(
      "option",
      `recommend: pick: expected "top" or { seed }, saw ${inspect(pick)}.`,
    );
  return checkFinite("recommend: pick.seed", pick.seed);
}

function needCatalogue({ catalogue }: Settings): NonNullable<Settings["catalogue"]> {
  if (catalogue) return catalogue;
  throw new SageError(
    "option",
    "recommend: there is nothing to ask: give openSage a `catalogue` or a `retriever`.",
  );
}
