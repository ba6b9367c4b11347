/** Items that were shown and not acted on: each showing makes an item less urgent for a time. */

import type { ItemId } from "../item.js";

/** Utility that one showing costs, at first. */
const FATIGUE_PER_SHOWING = 0.05;

/** Showings of an item: their number, the time of the last, and how long they count, in ms. */
export interface Showing {
  readonly times: number;
  readonly at: number;
  readonly ttl: number;
}

/** Counts a showing of each item. Showings that have expired are removed. O(size of the map). */
export function addShowings(
  shown: Map<ItemId, Showing>,
  items: Iterable<ItemId>,
  at: number,
  ttl: number,
): void {
  for (const [item, showing] of shown) if (at - showing.at >= showing.ttl) shown.delete(item);
  for (const item of items) shown.set(item, { times: (shown.get(item)?.times ?? 0) + 1, at, ttl });
}

/**
 * The utility that the showings of an item cost: it falls linearly to 0 at the end of their ttl.
 */
export function fatigueOf(shown: ReadonlyMap<ItemId, Showing>, item: ItemId, time: number): number {
  const showing = shown.get(item);
  if (!showing) return 0;
  const remainingShare = Math.min(1, 1 - (time - showing.at) / showing.ttl);
  return FATIGUE_PER_SHOWING * showing.times * Math.max(0, remainingShare);
}
