/** From actions to interests: rows and numbers in the core, ids and times here. */

import { withCore } from "../core/glue.js";
import type { CoreOptions, CoreProfile } from "../core/interface.js";
import { toMatrix } from "../core/matrix.js";
import type { ActionRow } from "../core/session.js";
import type { ItemId } from "../item.js";
import type { Interest, Profile } from "./types.js";

/** An action with everything the core needs. */
export interface WeighedAction extends ActionRow {
  readonly item: ItemId;
}

/** A profile and the actions it was built from: `actions[i]` is in interest `labels[i]` or, if -1, in none. */
export interface ProfileState {
  readonly profile: Profile;
  readonly actions: readonly WeighedAction[];
  readonly labels: Int32Array;
}

/** What the core says of the actions at `now`. */
export function computeProfile(
  actions: readonly WeighedAction[],
  dim: number,
  now: number,
  options: CoreOptions,
): CoreProfile {
  const vectors = toMatrix(
    actions.map(({ vector }) => vector),
    dim,
  );
  const at = Float64Array.from(actions, (action) => action.at);
  const weights = Float64Array.from(actions, (action) => action.weight);
  return withCore((core) => core.profile(vectors, dim, at, weights, now, options));
}

/** Describes each cluster that the core has found as an interest, most important first. */
export function describeProfile(
  built: CoreProfile,
  actions: readonly WeighedAction[],
  dim: number,
  now: number,
): ProfileState {
  const members: number[][] = Array.from({ length: built.count }, () => []);
  built.labels.forEach((label, row) => members[label]?.push(row));
  const interests = members.map((rows, index): Interest => {
    const medoid = built.medoids[index]!;
    return {
      medoid: actions[medoid]!.item,
      vector: actions[medoid]!.vector.slice(),
      importance: built.importance[index]!,
      items: mostRecentFirst(rows, actions),
      lastActive: built.lastActive[index]!,
    };
  });
  return {
    profile: { dim, builtAt: now, actions: actions.length, interests },
    actions,
    labels: built.labels,
  };
}

/** The newest row of each item, in the order of the rows: an item acted on twice is one item. */
export function distinctRows(actions: readonly WeighedAction[]): number[] {
  const newest = new Map<ItemId, number>();
  actions.forEach(({ item, at }, row) => {
    const known = newest.get(item);
    if (known === undefined || at >= actions[known]!.at) newest.set(item, row);
  });
  return [...newest.values()].sort((a, b) => a - b);
}

function mostRecentFirst(rows: readonly number[], actions: readonly WeighedAction[]): ItemId[] {
  const sorted = [...rows].sort((a, b) => actions[b]!.at - actions[a]!.at || b - a);
  return [...new Set(sorted.map((row) => actions[row]!.item))];
}
