/**
 * The log: a set of operations (see operation.ts), and the actions and hidden items that result.
 *
 * Merging is the union of the sets, so it is commutative, associative and idempotent. A deletion
 * wins over every operation that was not recorded after it, in whatever order they arrive.
 */
import type { ItemId } from "../item.js";
import { commonSpace } from "../values/space.js";
import { MS_PER_DAY } from "../values/time.js";
import {
  compareEntries,
  compareStamps,
  type Entry,
  hashText,
  idOf,
  isCovered,
  isDislike,
  isEntry,
  isTombstone,
  type LogData,
  type Mark,
  type Operation,
  type Stamp,
  type Tombstone,
} from "./operation.js";

/** Up to this many entries are inserted or removed one by one; more are sorted all at once. */
const MAX_SINGLE_CHANGES = 32;
/**
 * Largest counter adopted from a merged log: a hostile log must not bring the counters of this log
 * near the largest safe integer. No user has so many operations.
 */
const MAX_ADOPTED_COUNTER = 2 ** 48;
const TOMBSTONE_LIFETIME_MS = 365 * MS_PER_DAY;

/**
 * Retention at the time `now`: at most `count` actions, none older than `since`, in milliseconds
 * since the epoch.
 */
export interface Limits {
  readonly count: number;
  readonly since: number;
  readonly now: number;
}

/** Called for each action that a deletion removes, with the deletion. */
export type OnDelete = (entry: Entry, tombstone: Tombstone) => void;

/** A mutable log. Entries themselves are immutable: equal objects are equal actions. */
export class Log {
  /** Ascending by {@link compareEntries}: in the order of recording. */
  entries: readonly Entry[] = [];
  /** Changes with every change of the content. */
  revision = 0;
  /** Name of the vector space of the vectors of all actions. */
  space: string | undefined;
  /** At least the counters of all operations seen, up to MAX_ADOPTED_COUNTER. */
  counter = 0;
  /** The newest mark of each kind and item. */
  readonly #marks = new Map<string, Mark>();
  readonly #tombstones = new Map<string, Tombstone>();
  #match = createMatcher([]);
  /** The entries ascending by time; undefined until needed. */
  #byTime: Entry[] | undefined;

  constructor(space?: string) {
    this.space = space;
  }

  /** An empty log of this space, whose new ids and revisions differ from those of this log. */
  emptied(space?: string): Log {
    const log = new Log(space);
    log.counter = this.counter;
    log.revision = this.revision + 1;
    return log;
  }

  /** Hidden items, in the order they were hidden. */
  hidden(): ItemId[] {
    return this.#sortedMarks()
      .filter(({ factor }) => factor === undefined)
      .map(({ item }) => item);
  }

  /** The marks that have a factor, in the order they were made. */
  boosts(): Required<Pick<Mark, "item" | "factor">>[] {
    return this.#sortedMarks().flatMap(({ item, factor }) =>
      factor === undefined ? [] : { item, factor },
    );
  }

  #sortedMarks(): Mark[] {
    return [...this.#marks.values()].sort(compareStamps);
  }

  /** Returns the whole content of the log. */
  data(): LogData {
    const { space, entries } = this;
    return {
      space,
      entries,
      marks: [...this.#marks.values()],
      tombstones: [...this.#tombstones.values()],
    };
  }

  /** The entries by descending min(at, now); ties: the entry recorded last. */
  newestFirst(now: number): Entry[] {
    return this.entries
      .slice()
      .reverse()
      .sort((a, b) => Math.min(b.at, now) - Math.min(a.at, now));
  }

  /** Whether the log has the operation: it was neither deleted nor trimmed. */
  has(operation: Operation): boolean {
    if (isTombstone(operation)) return this.#tombstones.has(idOf(operation));
    if (!isEntry(operation)) return isSameStamp(this.#marks.get(keyOf(operation)), operation);
    return isSameStamp(
      this.entries[lowerBound(this.entries, operation, compareEntries)],
      operation,
    );
  }

  /** The salt of a tombstone of the log, so that the number of salts stays small. */
  salt(): string | undefined {
    const salts = [...this.#tombstones.values()].flatMap((one) => ("salt" in one ? one.salt : []));
    return salts.sort()[0];
  }

  /** Gives a new operation the next id, after all deletions the log has, and adds it. */
  issue(operation: Operation, device: string, onDelete?: OnDelete): void {
    this.counter += 1;
    operation.counter = this.counter;
    operation.device = device;
    if (!isTombstone(operation) || "all" in operation) {
      // An operation that is issued again may be after deletions that it has replaced.
      const after = newestStamps([...(operation.after ?? []), ...this.#match(operation)]);
      if (after.length > 0) operation.after = after;
    }
    this.merge(dataOf([operation]), onDelete);
  }

  /** Removes an operation that no other log has yet. */
  withdraw(operation: Operation): void {
    if (!this.has(operation)) return;
    if (isTombstone(operation)) this.#tombstones.delete(idOf(operation));
    else if (isEntry(operation)) this.#remove([operation]);
    else this.#marks.delete(keyOf(operation));
    this.#match = createMatcher(this.#tombstones.values());
  }

  /**
   * Adds all operations of `data` and applies all deletions. `onDelete` is also called for actions
   * of `data` that were deleted before they came. Throws "dimension", and changes nothing, if both
   * have a vector space and not the same.
   */
  merge(data: LogData, onDelete?: OnDelete): void {
    this.space = commonSpace([this, data]);
    this.#addTombstones(data.tombstones, onDelete);
    this.#add(withoutDeleted(data.entries, this.#match, onDelete));
    for (const mark of withoutDeleted(data.marks, this.#match)) {
      const knownMark = this.#marks.get(keyOf(mark));
      if (!knownMark || compareStamps(knownMark, mark) < 0) this.#marks.set(keyOf(mark), mark);
    }
    for (const list of [data.entries, data.marks, data.tombstones])
      for (const { counter } of list)
        if (counter <= MAX_ADOPTED_COUNTER) this.counter = Math.max(this.counter, counter);
    this.revision += 1;
  }

  /**
   * Removes what exceeds the limits: the oldest actions by min(at, now), ties by id, so that a
   * clock ahead keeps no action longer. Removes tombstones after a year. Returns the removed
   * actions.
   */
  retain({ count, since, now }: Limits): Entry[] {
    for (const [key, { time }] of this.#tombstones) {
      if (time >= now - TOMBSTONE_LIFETIME_MS) continue;
      this.#tombstones.delete(key);
      this.#match = createMatcher(this.#tombstones.values());
    }
    const size = this.entries.length;
    if (size <= count && since === -Infinity) return [];
    this.#byTime ??= [...this.entries].sort(compareTimes);
    const expiredCount = lowerBoundOfTime(this.#byTime, since);
    const excessCount = expiredCount + Math.max(0, size - expiredCount - count);
    if (excessCount === 0) return [];
    const pastCount = lowerBoundOfTime(this.#byTime, now);
    const oldestEntries = this.#byTime.slice(0, Math.min(excessCount, pastCount));
    if (oldestEntries.length < excessCount) {
      const futureEntries = this.entries.filter(({ at }) => at >= now);
      oldestEntries.push(...futureEntries.slice(0, excessCount - oldestEntries.length));
    }
    this.#remove(oldestEntries);
    this.revision += 1;
    return oldestEntries;
  }

  #addTombstones(given: readonly Tombstone[], onDelete?: OnDelete): void {
    for (const tombstone of given) this.#tombstones.set(idOf(tombstone), tombstone);
    const coveredStamps = [...this.#tombstones.values()].flatMap((one) =>
      "all" in one ? (one.after ?? []) : [],
    );
    for (const [id, tombstone] of this.#tombstones)
      if (isCovered(tombstone, coveredStamps)) this.#tombstones.delete(id);
    const newTombstones = given.filter((tombstone) => this.has(tombstone));
    if (newTombstones.length === 0) return;
    this.#match = createMatcher(this.#tombstones.values());
    const match = createMatcher(newTombstones);
    this.entries = withoutDeleted(this.entries, match, onDelete);
    this.#byTime = undefined;
    const marks = withoutDeleted([...this.#marks.values()], match);
    this.#marks.clear();
    for (const mark of marks) this.#marks.set(keyOf(mark), mark);
  }

  #add(entries: readonly Entry[]): void {
    if (entries.length > MAX_SINGLE_CHANGES) {
      const allEntries = [...this.entries, ...entries].sort(compareEntries);
      this.entries = allEntries.filter(
        (entry, row) => !row || compareEntries(allEntries[row - 1]!, entry) !== 0,
      );
      this.#byTime = undefined;
      return;
    }
    for (const entry of entries) {
      const isNew = insertSorted(this.entries as Entry[], entry, compareEntries);
      if (isNew && this.#byTime) insertSorted(this.#byTime, entry, compareTimes);
    }
  }

  #remove(entries: readonly Entry[]): void {
    if (entries.length > MAX_SINGLE_CHANGES) {
      const removedEntries = new Set(entries);
      this.entries = this.entries.filter((entry) => !removedEntries.has(entry));
      this.#byTime = this.#byTime?.filter((entry) => !removedEntries.has(entry));
      return;
    }
    for (const entry of entries) {
      (this.entries as Entry[]).splice(lowerBound(this.entries, entry, compareEntries), 1);
      this.#byTime?.splice(lowerBound(this.#byTime, entry, compareTimes), 1);
    }
  }
}

/** The content of a log that has only these operations. */
export function dataOf(operations: readonly Operation[]): LogData {
  return {
    entries: operations.filter(isEntry),
    marks: operations.filter((one): one is Mark => !isEntry(one) && !isTombstone(one)),
    tombstones: operations.filter(isTombstone),
  };
}

/** Marks of one key are of one item and kind. */
function keyOf({ item, factor }: Mark): string {
  return (factor === undefined ? "hide " : "boost ") + item;
}

/** The salted hash by which a tombstone identifies its item. */
export function saltedHash(salt: string, item: ItemId): string {
  return hashText(salt + item);
}

/**
 * Returns a function that finds the tombstones that match an operation, recorded before it or after
 * it. For an operation that is a tombstone, it returns all tombstones.
 */
function createMatcher(
  tombstones: Iterable<Tombstone>,
): (operation: Operation) => readonly Tombstone[] {
  const allTombstones = [...tombstones];
  const unhashed = allTombstones.filter((tombstone) => !("hash" in tombstone));
  const tombstonesByHash = new Map<string, Tombstone[]>();
  const salts = new Set<string>();
  for (const tombstone of allTombstones) {
    if (!("hash" in tombstone)) continue;
    salts.add(tombstone.salt);
    const key = tombstone.salt + tombstone.hash;
    tombstonesByHash.set(key, [...(tombstonesByHash.get(key) ?? []), tombstone]);
  }
  const tombstonesByItem = new Map<ItemId, readonly Tombstone[]>();
  return (operation) => {
    if (allTombstones.length === 0 || isTombstone(operation)) return allTombstones;
    const { item } = operation;
    const itemTombstones =
      tombstonesByItem.get(item) ??
      [...salts].flatMap((salt) => tombstonesByHash.get(salt + saltedHash(salt, item)) ?? []);
    tombstonesByItem.set(item, itemTombstones);
    const isHide = !isEntry(operation) && operation.factor === undefined;
    const isDislikeEntry = isEntry(operation) && isDislike(operation);
    const ofItem = itemTombstones.filter(
      (tombstone) =>
        (isHide || !("unhide" in tombstone)) && (isDislikeEntry || !("undislike" in tombstone)),
    );
    // Deletions of everything and, for an action, deletions of a period that contains its time.
    const ofMany = unhashed.filter((tombstone) =>
      isEntry(operation) ? isInPeriod(operation.at, tombstone) : "all" in tombstone,
    );
    return [...ofMany, ...ofItem];
  };
}

/** Whether the time is in the period of a tombstone; one without a period has all times. */
function isInPeriod(at: number, tombstone: Tombstone): boolean {
  if (!("from" in tombstone)) return true;
  return at >= (tombstone.from ?? -Infinity) && at <= (tombstone.to ?? Infinity);
}

/** The operations that no matching tombstone deletes. */
function withoutDeleted<T extends Entry | Mark>(
  operations: readonly T[],
  match: ReturnType<typeof createMatcher>,
  onDelete?: OnDelete,
): T[] {
  return operations.filter((operation) => {
    const tombstone = match(operation).find((one) => !isCovered(one, operation.after));
    if (tombstone && isEntry(operation)) onDelete?.(operation, tombstone);
    return !tombstone;
  });
}

/** The newest stamp of each device, in ascending order. */
function newestStamps(stamps: readonly Stamp[]): Stamp[] {
  const sortedStamps = stamps
    .map(({ counter, device }) => ({ counter, device }))
    .sort(compareStamps);
  return sortedStamps.filter((stamp, row) => !isCovered(stamp, sortedStamps.slice(row + 1)));
}

function isSameStamp(stamp: Stamp | undefined, operation: Stamp): boolean {
  return stamp !== undefined && compareStamps(stamp, operation) === 0;
}

function compareTimes(a: Entry, b: Entry): number {
  return a.at - b.at || compareEntries(a, b);
}

/**
 * Index of the first element that is not less than `value`, in an ascending list. Searches from the
 * end, where new operations are: O(log d) for a distance d from it.
 */
function lowerBound<T, U>(list: readonly T[], value: U, compare: (a: T, b: U) => number): number {
  let low = 0;
  let high = list.length;
  for (let step = 1; high >= step && low === 0; step *= 2) {
    if (compare(list[high - step]!, value) < 0) low = high - step + 1;
    else high -= step;
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(list[middle]!, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lowerBoundOfTime(byTime: readonly Entry[], time: number): number {
  return lowerBound(byTime, time, (entry, limit) => entry.at - limit);
}

/** Inserts into an ascending list; false if an equal element is there. */
function insertSorted<T>(list: T[], value: T, compare: (a: T, b: T) => number): boolean {
  const row = lowerBound(list, value, compare);
  if (row < list.length && compare(list[row]!, value) === 0) return false;
  if (row === list.length) list.push(value);
  else list.splice(row, 0, value);
  return true;
}
