/**
 * The log: everything a taste is made of, as plain data that is never changed in place. Each change gives a new log, so that the same
 * change can be made again on a fresher one (see journal.ts), and "has anything changed?" is `!==`.
 */
import type { ItemId } from "../item.js";

/** One recorded action. What was not said stays unsaid: the weight of a kind and the vector of a known item are looked up when needed. */
export interface Entry {
  readonly item: ItemId;
  readonly at: number;
  readonly weight?: number;
  readonly kind?: string;
  readonly vector?: Float32Array;
}

/** The actions in the order they were recorded, and the items never to recommend. */
export interface Log {
  readonly entries: readonly Entry[];
  readonly hidden: ReadonlySet<ItemId>;
}

/** How much is remembered: at most `count` actions, none done before `since`. */
export interface Limits {
  readonly count: number;
  readonly since: number;
}

export const EMPTY_LOG: Log = { entries: [], hidden: new Set() };

/** The log and these entries after it. */
export function append(log: Log, entries: readonly Entry[]): Log {
  return { ...log, entries: [...log.entries, ...entries] };
}

/** The log, never to recommend this item. */
export function hide(log: Log, item: ItemId): Log {
  return { ...log, hidden: new Set(log.hidden).add(item) };
}

/** The log without any trace of the item. */
export function withoutItem(log: Log, item: ItemId): Log {
  const hidden = new Set(log.hidden);
  hidden.delete(item);
  return { entries: log.entries.filter((entry) => entry.item !== item), hidden };
}

/** The log without the actions of a time range, both ends included. */
export function withoutRange(log: Log, from: number, to: number): Log {
  return { ...log, entries: log.entries.filter(({ at }) => at < from || at > to) };
}

/**
 * Both logs as one. An action that both know counts once: of equal actions there are as many as in the log that has more of them, so that
 * merging a log with itself, or twice, changes nothing.
 */
export function merge(log: Log, other: Log): Log {
  const known = new Map<string, number>();
  for (const entry of log.entries)
    known.set(identity(entry), (known.get(identity(entry)) ?? 0) + 1);
  const fresh = other.entries.filter((entry) => {
    const left = known.get(identity(entry)) ?? 0;
    known.set(identity(entry), left - 1);
    return left <= 0;
  });
  return { entries: [...log.entries, ...fresh], hidden: new Set([...log.hidden, ...other.hidden]) };
}

/** The log within its limits: of too many actions the newest stay (of equally old ones, those recorded last), in the order they were in. */
export function trim(log: Log, { count, since }: Limits): Log {
  const young = log.entries.filter(({ at }) => at >= since);
  if (young.length <= count)
    return young.length === log.entries.length ? log : { ...log, entries: young };
  const newestFirst = young
    .map((_, row) => row)
    .sort((a, b) => young[b]!.at - young[a]!.at || b - a);
  const kept = newestFirst.slice(0, count).sort((a, b) => a - b);
  return { ...log, entries: kept.map((row) => young[row]!) };
}

function identity({ item, at, weight, kind }: Entry): string {
  return JSON.stringify([item, at, weight, kind]);
}
