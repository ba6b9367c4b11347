/** Reasons of recommendations, explanations of single items, and the map of the user's items. */
import { rowsOf } from "../catalogue/catalogue.js";
import { withCore } from "../core/glue.js";
import { toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import { inspect } from "../values/check.js";
import { nearestRows } from "./boosts.js";
import type { Candidate } from "./mix.js";
import type { Settings } from "./options.js";
import type { Plan } from "./plan.js";
import { copyInterest, newestRowPerItem, type ProfileState } from "./profile.js";
import type { Explanation, Interest, Reason, Sage } from "./types.js";

const NEAREST_PER_EXPLANATION = 5;
const NEAREST_PER_REASON = 3;
/**
 * Lowest cosine at which an action counts as near an item. Below it two items are unlike: two
 * single actions that far apart are never one interest either (`Cut::Auto`).
 */
export const MIN_NEAR_COSINE = 0.3;

/** Why each candidate is recommended. No disliked item is named. */
export function explainCandidates(
  candidates: readonly Candidate[],
  { queries, pool, disliked }: Plan,
  state: ProfileState,
  { catalogue }: Settings,
): Reason[] {
  const { profile, actions, labels } = state;
  /** The list after those of the queries is the pool. */
  const sourceOf = (list: number): Reason["from"] => {
    if (list === queries.length) return pool.from;
    return queries[list]!.interest ? "interest" : "history";
  };
  const reasons = candidates.map(({ list }): Reason => ({ from: sourceOf(list), nearest: [] }));
  /** Indices of candidates and their vectors, by interest of the profile. */
  const groups = new Map<Interest, [index: number, vector: Float32Array][]>();
  const vectors = catalogue && rowsOf(catalogue).vectors(candidates.map(({ item }) => item));
  candidates.forEach(({ list, nearest }, index) => {
    if (list === queries.length) return;
    const row = queries[nearest]?.interest?.row;
    const vector = vectors?.[index] ?? (row === undefined ? row : actions[row]!.vector);
    if (!vector) return;
    const interest =
      row === undefined ? nearestInterest(state, vector) : profile.interests[labels[row]!];
    // Dropped singletons belong to no interest: they explain their items themselves.
    if (interest) groups.set(interest, [...(groups.get(interest) ?? []), [index, vector]]);
    const medoid = interest?.medoid ?? actions[row!]?.item;
    if (medoid && !disliked.has(medoid)) reasons[index]!.medoid = medoid;
  });
  for (const [interest, members] of groups) {
    const memberVectors = members.map(([, vector]) => vector);
    nearMembers(state, interest, memberVectors, NEAREST_PER_REASON, disliked).forEach(
      (near, rank) => {
        reasons[members[rank]![0]]!.nearest = near.map(({ item }) => item);
      },
    );
  }
  return reasons;
}

/** The result of `sage.explain(item)`. */
export function explain(item: ItemId, state: ProfileState, { catalogue }: Settings): Explanation {
  const { profile, actions, labels } = state;
  if (profile.interests.length === 0) {
    throw new SageError("not-ready", "explain: record actions first.");
  }
  const lastRow = actions.findLastIndex((action) => action.item === item);
  const vector = lastRow >= 0 ? actions[lastRow]!.vector : catalogue?.vector(item);
  if (!vector)
    throw new SageError(
      "unknown-item",
      `explain: the item ${inspect(item)} is neither in the history nor in a catalogue.`,
    );
  const memberInterest = lastRow >= 0 ? labels[lastRow]! : -1;
  const interest = profile.interests[memberInterest] ?? nearestInterest(state, vector)!;
  return {
    interest: copyInterest(interest),
    nearest: nearMembers(state, interest, [vector], NEAREST_PER_EXPLANATION, new Set([item]))[0]!,
  };
}

/** The interest with the medoid most similar to the vector; undefined without interests. */
function nearestInterest(
  { profile: { interests } }: ProfileState,
  vector: Float32Array,
): Interest | undefined {
  const medoids = interests.map((interest) => interest.vector);
  return interests[nearestRows(medoids, [vector], 1).rows[0]!];
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
 * possibly none. The items of `excluded` are left out.
 */
function nearMembers(
  state: ProfileState,
  interest: Interest,
  vectors: readonly Float32Array[],
  count: number,
  excluded: ReadonlySet<ItemId>,
): NearMember[][] {
  const { actions, labels, profile } = state;
  const label = profile.interests.indexOf(interest);
  const rows = newestRowPerItem(actions).filter(
    (row) => labels[row] === label && !excluded.has(actions[row]!.item),
  );
  const nearest = nearestRows(
    rows.map((row) => actions[row]!.vector),
    vectors,
    count,
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

/** The result of `sage.map()`. */
export function projectItems({
  profile: { dim },
  actions,
  labels,
}: ProfileState): Awaited<ReturnType<Sage["map"]>> {
  const rows = newestRowPerItem(actions);
  if (rows.length === 0) return [];
  const vectors = toMatrix(
    rows.map((row) => actions[row]!.vector),
    dim,
  );
  const points = withCore((core) => core.project(vectors, dim));
  return rows.map((row, index) => ({
    item: actions[row]!.item,
    x: points[index * 2]!,
    y: points[index * 2 + 1]!,
    interest: labels[row]!,
  }));
}
