/**
 * The log: recorded actions and hidden items as immutable plain data. Every change returns a new
 * log: a change can be applied again to a newer stored log (see journal.ts), and two logs are
 * compared by identity. All functions are O(n) in the number of entries, `trim` O(n log n).
 */
import type { ItemId } from "../item.js";

/**
 * One recorded action. Defaults are not filled in: the weight of a kind and the vector of a
 * catalogue item are looked up when a profile is built.
 */
export interface Entry {
  readonly item: ItemId;
  /** Milliseconds since the epoch, finite. */
  readonly at: number;
  readonly weight?: number;
  readonly kind?: string;
  readonly vector?: Float32Array;
}

/** Actions in the order they were recorded, and items excluded from recommendations. */
export interface Log {
  readonly entries: readonly Entry[];
  readonly hidden: ReadonlySet<ItemId>;
}

/** Retention: at most `count` actions, none older than `since` (milliseconds since the epoch). */
export interface Limits {
  readonly count: number;
  readonly since: number;
}

export const EMPTY_LOG: Log = { entries: [], hidden: new Set() };

/** Append entries. */
export function append(log: Log, entries: readonly Entry[]): Log {
  return { ...log, entries: [...log.entries, ...entries] };
}

/** Add an item to the hidden ones. */
export function hide(log: Log, item: ItemId): Log {
  return { ...log, hidden: new Set(log.hidden).add(item) };
}

/** Remove the item's actions and its hidden mark. */
export function withoutItem(log: Log, item: ItemId): Log {
  const hidden = new Set(log.hidden);
  hidden.delete(item);
  return { entries: log.entries.filter((entry) => entry.item !== item), hidden };
}

/** Remove the actions with `from <= at <= to`. */
export function withoutRange(log: Log, from: number, to: number): Log {
  return { ...log, entries: log.entries.filter(({ at }) => at < from || at > to) };
}

/**
 * Multiset union of two logs: of equal actions (item, time, weight and kind), as many as in the log
 * with more of them. Idempotent: merging a log with itself, or twice, changes nothing.
 */
export function merge(log: Log, other: Log): Log {
  const unmatched = new Map<string, number>();
  for (const entry of log.entries)
    unmatched.set(actionKey(entry), (unmatched.get(actionKey(entry)) ?? 0) + 1);
  const added = other.entries.filter((entry) => {
    const copies = unmatched.get(actionKey(entry)) ?? 0;
    unmatched.set(actionKey(entry), copies - 1);
    return copies <= 0;
  });
  return { entries: [...log.entries, ...added], hidden: new Set([...log.hidden, ...other.hidden]) };
}

/**
 * Enforce the limits: keep the newest actions (ties: those recorded last) in recording order.
 * Returns the same object if nothing is removed.
 */
export function trim(log: Log, { count, since }: Limits): Log {
  const recent = log.entries.filter(({ at }) => at >= since);
  if (recent.length <= count)
    return recent.length === log.entries.length ? log : { ...log, entries: recent };
  const newestFirst = recent
    .map((_, row) => row)
    .sort((a, b) => recent[b]!.at - recent[a]!.at || b - a);
  const keptRows = newestFirst.slice(0, count).sort((a, b) => a - b);
  return { ...log, entries: keptRows.map((row) => recent[row]!) };
}

function actionKey({ item, at, weight, kind }: Entry): string {
  return JSON.stringify([item, at, weight, kind]);
}
