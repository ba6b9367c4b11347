/** Explanations of single items, and the map of the user's items. */
import { withCore } from "../core/glue.js";
import { toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Settings } from "./options.js";
import { copyInterest, newestRowPerItem, type ProfileState } from "./profile.js";
import { nearMembers } from "./recommend.js";
import type { Explanation, Sage } from "./types.js";

const NEAREST_PER_EXPLANATION = 5;

/** The result of `sage.explain(item)`. */
export function explain(
  item: ItemId,
  state: ProfileState,
  { catalogue, dim }: Settings,
): Explanation {
  const { profile, actions, labels } = state;
  if (profile.interests.length === 0) {
    throw new SageError(
      "unknown-item",
      `explain: no interest to explain "${item}" with: record actions first.`,
    );
  }
  const lastRow = actions.findLastIndex((action) => action.item === item);
  const vector = lastRow >= 0 ? actions[lastRow]!.vector : catalogue?.vector(item);
  if (!vector)
    throw new SageError(
      "unknown-item",
      `explain: the item "${item}" is neither in the history nor in a catalogue.`,
    );
  const medoids = toMatrix(
    profile.interests.map((interest) => interest.vector),
    dim,
  );
  const memberInterest = lastRow >= 0 ? labels[lastRow]! : -1;
  const interestIndex =
    memberInterest >= 0
      ? memberInterest
      : withCore((core) => core.nearest(medoids, dim, vector, 1)).rows[0]!;
  const interest = profile.interests[interestIndex]!;
  return {
    interest: copyInterest(interest),
    nearest: nearMembers(state, interest, [vector], NEAREST_PER_EXPLANATION, item)[0]!,
  };
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
