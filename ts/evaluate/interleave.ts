/** Interleaving of two ranked lists by team draft, and the credit of each list for clicks. */

import type { ItemId } from "../item.js";
import {
  checkChoice,
  checkInteger,
  checkItemIds,
  checkKeys,
  checkRange,
  inspect,
} from "../values/check.js";
import { readItems, readList } from "./items.js";

/** Options of {@link interleave}. */
export interface InterleaveOptions {
  /** A whole number in [0, 2^53 - 1], another for each visit; equal seeds draw equal teams. */
  seed: number;
  /** Maximum number of items, at least 1. Default: 20. */
  count?: number;
}

/** An item of an interleaved list, and the list that placed it. */
export type Interleaved<T> = T & { team: "a" | "b" };

/** Clicks credited to each list. */
export interface Credits {
  a: number;
  b: number;
}

/** The result of {@link preference}. */
export interface Preference {
  /** Visits in which the list had more credit than the other; visits of equal credit are ties. */
  a: number;
  b: number;
  ties: number;
  /** Two-sided p-value of the sign test of `a` against `b`, in [0, 1]; 1 if all visits are ties. */
  pValue: number;
}

/**
 * Interleaves two ranked lists by team draft (Radlinski et al. 2008). In each round both lists
 * place their best item that is not yet placed, the first one drawn by the seed; a list without
 * such an item places none. Each item appears once. The user sees one list, and neither list has
 * better places on average. O(n).
 */
export function interleave<T extends { readonly item: ItemId }>(
  a: readonly T[],
  b: readonly T[],
  options: InterleaveOptions,
): Interleaved<T>[] {
  checkKeys("interleave", options, ["seed", "count"]);
  const { seed, count = 20 } = options;
  const random = seededBits(checkInteger("interleave: seed", seed, 0, Number.MAX_SAFE_INTEGER));
  const maxItems = checkInteger("interleave: count", count);
  const placedItems = new Set<ItemId>();
  const interleaved: Interleaved<T>[] = [];
  const teams = {
    a: { list: readItems("interleave: a", a), next: 0 },
    b: { list: readItems("interleave: b", b), next: 0 },
  };
  const place = (name: "a" | "b"): void => {
    const team = teams[name];
    while (team.next < team.list.length && placedItems.has(team.list[team.next]!.item))
      team.next += 1;
    const entry = team.list[team.next];
    if (!entry || interleaved.length === maxItems) return;
    placedItems.add(entry.item);
    interleaved.push({ ...entry, team: name });
  };
  for (let size = -1; size < interleaved.length; ) {
    size = interleaved.length;
    const first = random() ? "a" : "b";
    place(first);
    place(first === "a" ? "b" : "a");
  }
  return interleaved;
}

/** The number of clicked items that each list has placed. Other items and repeats do not count. */
export function creditTeams(
  interleaved: readonly { readonly item: ItemId; readonly team: "a" | "b" }[],
  clicked: Iterable<ItemId>,
): Credits {
  const clicks = new Set(checkItemIds("creditTeams", clicked));
  const credits = { a: 0, b: 0 };
  for (const { item, team } of readItems("creditTeams", interleaved)) {
    checkChoice(`creditTeams: team of ${inspect(item)}`, team, ["a", "b"]);
    if (clicks.has(item)) credits[team] += 1;
  }
  return credits;
}

/** Which list users prefer, from the credits of many visits. O(n). */
export function preference(visits: Iterable<Credits>): Preference {
  const result = { a: 0, b: 0, ties: 0 };
  for (const [index, visit] of readList<Partial<Credits> | null>("preference", visits).entries()) {
    const a = checkRange(`preference: visit ${index}: a`, visit?.a, 0, Number.MAX_VALUE);
    const b = checkRange(`preference: visit ${index}: b`, visit?.b, 0, Number.MAX_VALUE);
    if (a > b) result.a += 1;
    else if (b > a) result.b += 1;
    else result.ties += 1;
  }
  return { ...result, pValue: signTest(result.a, result.b) };
}

/** Two-sided exact p-value of so many wins and losses of a fair coin. */
function signTest(wins: number, losses: number): number {
  const n = wins + losses;
  let logTerm = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(wins, losses); k += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}

/** Random bits of SplitMix32: equal seeds give equal bits in every runtime. */
function seededBits(seed: number): () => boolean {
  let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) & 1) === 1;
  };
}
