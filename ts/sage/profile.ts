/** Computes profiles from actions: the core clusters rows, this file maps rows to item ids. */

import { withCore } from "../core/glue.js";
import type { CoreOptions, CoreProfile } from "../core/interface.js";
import { toMatrix } from "../core/matrix.js";
import type { ActionRow } from "../core/session.js";
import type { ItemId } from "../item.js";
import type { SearchMemo } from "./lists.js";
import type { Interest, Profile } from "./types.js";

/** An action with its vector and weight looked up. */
export interface ResolvedAction extends ActionRow {
  readonly item: ItemId;
}

/**
 * A profile and the actions it was built from: `actions[i]` belongs to interest `labels[i]`, or to
 * none if the label is -1.
 */
export interface ProfileState {
  readonly profile: Profile;
  readonly actions: readonly ResolvedAction[];
  readonly labels: Int32Array;
  /** Actions of negative weight; they belong to no interest. */
  readonly dislikes: readonly ResolvedAction[];
  /** The last search of the catalogue, by this state or one before it. */
  readonly searches: SearchMemo;
  /**
   * The queries of the history, for an influence of the priors in [0, 1]; cached for the last one.
   * Requires an action.
   */
  retrieval(popularity: number): Retrieval;
}

/** A narrow interest: the actions that share a cluster at the retrieval cut. */
export interface RetrievalInterest {
  /** Row of the action nearest to the centre, the representative. */
  readonly row: number;
  /** Rows of all its actions, ascending. */
  readonly rows: readonly number[];
  /** A copy of the mean of its vectors, weighted by weight and recency. Few of them are read. */
  centre(): Float32Array;
  /** Its share of the decayed weight, in [0, 1]. */
  readonly importance: number;
}

/** The queries of a history that has actions. */
export interface Retrieval {
  /** The mean of all vectors, weighted by weight and recency. */
  readonly average: Float32Array;
  /** Most important first. */
  readonly interests: readonly RetrievalInterest[];
}

/** Cluster the actions and compute importances at `now`, without a session. */
export function computeProfile(
  actions: readonly ResolvedAction[],
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

/**
 * Convert the core's clusters to interests, by descending importance. Their vectors are those of
 * the actions, not copies.
 */
export function describeProfile(
  clusters: CoreProfile,
  actions: readonly ResolvedAction[],
  dim: number,
  now: number,
): Omit<ProfileState, "retrieval" | "dislikes" | "searches"> {
  const rowsByInterest: number[][] = Array.from({ length: clusters.count }, () => []);
  clusters.labels.forEach((label, row) => rowsByInterest[label]?.push(row));
  const interests = rowsByInterest.map((rows, index): Interest => {
    const medoid = clusters.medoids[index]!;
    return {
      medoid: actions[medoid]!.item,
      vector: actions[medoid]!.vector,
      importance: clusters.importance[index]!,
      items: itemsByRecency(rows, actions),
      lastActive: clusters.lastActive[index]!,
    };
  });
  return {
    profile: { dim, builtAt: now, actions: actions.length, interests },
    actions,
    labels: clusters.labels,
  };
}

/** Deep copy: callers may modify the result without changing the cached profile. */
export function copyProfile(profile: Profile): Profile {
  return { ...profile, interests: profile.interests.map(copyInterest) };
}

/** Deep copy of an interest. */
export function copyInterest(interest: Interest): Interest {
  return { ...interest, vector: interest.vector.slice(), items: [...interest.items] };
}

const knownNewestRows = new WeakMap<readonly ResolvedAction[], readonly number[]>();

/** The row of each item's newest action (ties: the last row), ascending. Computed once. */
export function newestRowPerItem(actions: readonly ResolvedAction[]): readonly number[] {
  const knownRows = knownNewestRows.get(actions);
  if (knownRows) return knownRows;
  const newestRow = new Map<ItemId, number>();
  actions.forEach(({ item, at }, row) => {
    const previousRow = newestRow.get(item);
    if (previousRow === undefined || at >= actions[previousRow]!.at) newestRow.set(item, row);
  });
  const rows = [...newestRow.values()].sort((a, b) => a - b);
  knownNewestRows.set(actions, rows);
  return rows;
}

function itemsByRecency(rows: readonly number[], actions: readonly ResolvedAction[]): ItemId[] {
  const sortedRows = [...rows].sort((a, b) => actions[b]!.at - actions[a]!.at || b - a);
  return [...new Set(sortedRows.map((row) => actions[row]!.item))];
}
