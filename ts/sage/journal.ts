/**
 * The journal: a log persisted in a store, safe with several concurrent writers.
 *
 * A change takes effect in memory immediately and stays pending until it is stored. A save appends
 * the pending operations to the store as a segment, in one transaction with the check that no other
 * writer was first; else it merges what the other has written and tries again. One store call runs
 * at a time. After a failed save the operations stay pending; those whose write may have happened
 * keep their ids, so that no operation counts twice.
 *
 * Deletions rewrite the store, so that nothing deleted stays in it. Otherwise the store is
 * rewritten when its segments have grown by half of the last rewrite: O(1) writes per operation.
 */
import { isSageError, SageError } from "../errors.js";
import type { SegmentList, Segments, Store } from "../store/store.js";
import { toBytes } from "../values/check.js";
import { notify } from "../values/listeners.js";
import type { InSpace } from "../values/space.js";
import { MS_PER_DAY } from "../values/time.js";
import { dataOf, type Limits, Log, type OnDelete } from "./log.js";
import { combineLogs, corrupt, decodeLog, encodeLog } from "./log-format.js";
import { idOf, isTombstone, type LogData, type Operation, randomHex } from "./operation.js";
import { segmentsOf, withDeadline } from "./segments.js";

/** Minimum number of appended segments at which the store is rewritten. */
const MIN_APPENDED_SEGMENTS = 64;
/** Maximum number of writes that fail because another writer was first. */
const MAX_ATTEMPTS = 50;
/**
 * Encoding and writing wait for this number of microtasks, so that a `recommend` call that follows
 * a `record` call in the same task resolves first: it takes about half as many.
 */
const MICROTASKS_BEFORE_SAVE = 32;

/** A change that is not stored yet. */
interface Change {
  operations: readonly Operation[];
  /** Whether the ids are final, because the operations may be stored, or came with them. */
  isIssued: boolean;
  /** Whether to clear the store first, with all that it keeps besides the log. */
  readonly clears: boolean;
  /** Ids of the actions that the change has deleted. */
  readonly deleted: Set<string>;
}

/** A log and the store that persists it. */
export interface Journal {
  /** The current log, pending changes included. */
  log(): Log;
  /** The content of the log, for another log to merge. */
  snapshot(): LogData;
  /**
   * Gives new operations their ids and applies them. With `clears`, also deletes all that the store
   * holds. `stored` resolves to the number of deleted actions when the change is stored; it rejects
   * "storage" if saving failed, and the change stays pending.
   */
  change(operations: readonly Operation[], clears?: boolean): { stored: Promise<number> };
  /** Merges another log. Resolves when it is stored. */
  merge(data: LogData): Promise<void>;
  /** Whether the store has all changes. */
  isSaved(): boolean;
  /** Stops following other writers. */
  release(): void;
  /** Merges what other writers have stored. */
  refresh(): Promise<void>;
  /** Receives the notice of each write to the store, by this or another writer. */
  notice(): void;
  /** Saves pending changes and stops following other writers. Rejects "storage". */
  close(): Promise<void>;
}

export interface JournalOptions extends InSpace {
  readonly dim: number;
  readonly limits: () => Limits;
  /** Called in a microtask after each change of the log, by this or another writer. */
  readonly listeners: ReadonlySet<() => void>;
  /** Copy stored bytes that cannot be decoded aside, and start with an empty log. */
  readonly setAsideUnreadable: boolean;
  readonly storeTimeoutMs: number;
}

/**
 * Load the stored log, or start an empty one. Rejects "corrupt", "version", "dimension" or
 * "storage" and leaves the store unchanged, unless `setAsideUnreadable` applies.
 */
export async function openJournal(store: Store, options: JournalOptions): Promise<Journal> {
  const { dim, space, limits, listeners, storeTimeoutMs } = options;
  const segments = segmentsOf(store);
  let log = new Log(space);
  let pending: Change[] = [];
  let token: unknown;
  let device: string | undefined;
  let storeSize = sizeOf([]);
  /** Time of the oldest action that the limits removed from the log. The store may have it. */
  let oldestRemoved = Infinity;
  let nextSave: Promise<void> | undefined;
  let nextRead: Promise<void> | undefined;
  /** Notices of the watched store during a write, its own included; undefined otherwise. */
  let notices: number | undefined;

  const callStore = <T>(work: () => Promise<T>): Promise<T> => withDeadline(work, storeTimeoutMs);
  const enqueue = createQueue();

  /** The end of each change of the log: applies the limits and calls the listeners. */
  const finishChange = (): void => {
    for (const { at } of log.retain(limits())) oldestRemoved = Math.min(oldestRemoved, at);
    notify(listeners);
  };

  const onDelete: OnDelete = (entry, tombstone) =>
    pending.find(({ operations }) => operations.includes(tombstone))?.deleted.add(idOf(entry));

  const issueOperations = (operations: readonly Operation[]): void => {
    device ??= randomHex(8);
    for (const operation of operations) log.issue(operation, device, onDelete);
  };

  /** Merges segments that were read. Throws, and changes nothing, if one cannot be decoded. */
  const mergeSegments = ({ segments: read, token: readToken, complete }: SegmentList): void => {
    const data = combineLogs(
      read.map((bytes) => decodeSegment(bytes, options, store.segments !== undefined)),
    );
    const readBytes = read.map(({ byteLength }) => byteLength);
    storeSize = complete ? sizeOf(readBytes) : withAppended(storeSize, readBytes);
    token = readToken;
    if (!complete && read.length === 0) return;

    // Operations that no other log has get new ids, after all operations that were read.
    const issuedChanges = pending.filter(({ isIssued }) => isIssued);
    const unissuedOperations = operationsOf(pending.filter(({ isIssued }) => !isIssued));
    for (const operation of unissuedOperations) log.withdraw(operation);
    if (complete) log = log.emptied(space);
    log.merge(data, onDelete);
    log.merge(dataOf(operationsOf(issuedChanges)), onDelete);
    issueOperations(unissuedOperations);
    dropStored(issuedChanges, data);
    finishChange();
  };

  const read = async (): Promise<void> =>
    mergeSegments(await callStore(() => segments.read(token)));

  const needsRewrite = (operations: readonly Operation[]): boolean =>
    !store.segments ||
    operations.some(isTombstone) ||
    oldestRemoved < limits().since - MS_PER_DAY ||
    isWorthRewriting(storeSize);

  const savePending = async (): Promise<void> => {
    const changes = pending;
    if (changes.length === 0) return;
    const mustClear = (): boolean =>
      changes.some((change) => change.clears && change.operations.length > 0);
    // A failed write may have taken effect. `clear` also works on bytes that cannot be read.
    if (mustClear()) await read().catch(() => undefined);
    else if (changes.some(({ isIssued }) => isIssued)) await read();
    if (mustClear()) {
      await callStore(() => store.clear());
      await read();
    }
    for (let attempt = 0; !(await writeChanges(changes)); attempt += 1) {
      if (attempt === MAX_ATTEMPTS)
        throw new SageError("storage", "Other sages keep writing to the store: save again.");
      await read();
    }
    pending = pending.slice(changes.length);
  };

  /** Writes the changes to the store; false, with nothing written, if another writer was first. */
  const writeChanges = async (changes: readonly Change[]): Promise<boolean> => {
    const operations = operationsOf(changes).filter((operation) => log.has(operation));
    if (operations.length === 0) return true;
    const isRewrite = needsRewrite(operations);
    const content = isRewrite ? log.data() : { ...dataOf(operations), space: log.space };
    const bytes = encodeLog(content, dim);
    const { length } = bytes;
    let writtenToken: unknown;
    notices = 0;
    try {
      writtenToken = await callStore(() =>
        isRewrite ? segments.replace(bytes, token) : segments.append(bytes, token),
      );
    } catch (error) {
      for (const change of changes) change.isIssued = true;
      throw error;
    } finally {
      if (notices > 1) readInBackground();
      notices = undefined;
    }
    if (writtenToken === undefined) return false;
    token = writtenToken;
    if (isRewrite) {
      storeSize = sizeOf([length]);
      oldestRemoved = Infinity;
    } else storeSize = withAppended(storeSize, [length]);
    return true;
  };

  const flush = (): Promise<void> => {
    nextSave ??= enqueue(async () => {
      // Microtasks, not a timer: the page cannot be closed in between.
      for (let step = 0; step < MICROTASKS_BEFORE_SAVE; step += 1) await undefined;
      nextSave = undefined;
      return savePending();
    });
    return nextSave;
  };

  const refresh = (): Promise<void> => {
    nextRead ??= enqueue(() => {
      nextRead = undefined;
      return read();
    });
    return nextRead;
  };

  /** Reads the segments that another writer announced; the next call of the sage reports errors. */
  const readInBackground = (): void => void refresh().catch(() => undefined);

  const addChange = (fields: Omit<Change, "deleted">): Change => {
    const change = { ...fields, deleted: new Set<string>() };
    pending = [...pending, change];
    return change;
  };

  /** Copies the stored bytes aside and empties the store, if the options allow it; else throws. */
  const setAside = async (error: unknown): Promise<void> => {
    if (!options.setAsideUnreadable || !store.setAside) {
      if (store.setAside && isSageError(error) && error.code === "corrupt")
        error.message += ' `unreadable: "set-aside"` copies the bytes aside and starts empty.';
      throw error;
    }
    const segmentList = await callStore(() => segments.read());
    for (const bytes of segmentList.segments) await callStore(() => store.setAside!(bytes));
    // Replace only the bytes set aside: another tab may have done the same and recorded since.
    await callStore(() => segments.replace(encodeLog(new Log().data(), dim), segmentList.token));
  };

  await read().catch(async (error: unknown) => {
    await setAside(error);
    token = undefined;
    await read();
  });
  const journal: Journal = {
    log: () => log,
    snapshot() {
      // Other logs will merge the pending operations, so their ids are final.
      for (const change of pending) change.isIssued = true;
      return log.data();
    },
    change(operations, clears = false) {
      const change = addChange({ operations, isIssued: false, clears });
      issueOperations(operations);
      finishChange();
      return { stored: flush().then(() => change.deleted.size) };
    },
    async merge(data) {
      const { entries, marks, tombstones } = data;
      const operations = [...entries, ...marks, ...tombstones].filter((one) => !log.has(one));
      if (operations.length === 0) return;
      log.merge(data, onDelete);
      finishChange();
      addChange({ operations, isIssued: true, clears: false });
      await flush();
    },
    refresh,
    isSaved: () => pending.length === 0,
    release: () => unwatch?.(),
    notice() {
      if (notices === undefined) readInBackground();
      else notices += 1;
    },
    async close() {
      try {
        await flush();
      } catch (cause) {
        const count = operationsOf(pending).length;
        const reason = (cause as Error).message;
        throw new SageError("storage", `Closed, with ${count} unsaved operations: ${reason}`, {
          cause,
        });
      } finally {
        unwatch?.();
      }
    },
  };
  const unwatch = watchWeakly(segments, journal);
  return journal;
}

/** Returns a function that runs `work` after all earlier works have finished. */
function createQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let lastRun: Promise<unknown> = Promise.resolve();
  return (work) => {
    const run = lastRun.then(work);
    lastRun = run.catch(() => undefined); // `run` reports the error
    return run;
  };
}

function operationsOf(changes: readonly Change[]): Operation[] {
  return changes.flatMap(({ operations }) => operations);
}

/** Removes from changes with final ids the operations that a write has stored before it failed. */
function dropStored(changes: readonly Change[], { entries, marks, tombstones }: LogData): void {
  if (changes.length === 0) return;
  const ids = new Set([...entries, ...marks, ...tombstones].map(idOf));
  for (const change of changes)
    change.operations = change.operations.filter((operation) => !ids.has(idOf(operation)));
}

/** Bytes of the first segment of the store, and number and bytes of the appended segments. */
interface StoreSize {
  readonly firstBytes: number;
  readonly appendedSegments: number;
  readonly appendedBytes: number;
}

/** The size of a store with segments of these lengths. */
function sizeOf([firstBytes = 0, ...appended]: readonly number[]): StoreSize {
  return withAppended({ firstBytes, appendedSegments: 0, appendedBytes: 0 }, appended);
}

function withAppended(size: StoreSize, lengths: readonly number[]): StoreSize {
  return {
    ...size,
    appendedSegments: size.appendedSegments + lengths.length,
    appendedBytes: lengths.reduce((sum, length) => sum + length, size.appendedBytes),
  };
}

/** Whether the appended segments are many, and half as long as the first one. O(1). */
function isWorthRewriting({ firstBytes, appendedSegments, appendedBytes }: StoreSize): boolean {
  return appendedSegments >= MIN_APPENDED_SEGMENTS && appendedBytes * 2 >= firstBytes;
}

/**
 * Watches the store for a journal without keeping the journal alive: a sage can be dropped without
 * `close`. A separate function, because closures of one scope keep alive the variables of all.
 */
function watchWeakly(segments: Segments, journal: Journal): (() => void) | undefined {
  // In runtimes without WeakRef, the watcher keeps the journal alive until it is closed.
  const reference = "WeakRef" in globalThis ? new WeakRef(journal) : { deref: () => journal };
  const unwatch = segments.watch?.(() => {
    const watchingJournal = reference.deref();
    if (watchingJournal) watchingJournal.notice();
    else unwatch?.();
  });
  return unwatch;
}

function decodeSegment(
  given: unknown,
  { dim, space }: JournalOptions,
  isConstant: boolean,
): LogData {
  const bytes = toBytes(given);
  if (!bytes) throw corrupt("the store has a value that is no Uint8Array");
  return decodeLog(bytes, dim, isConstant, space);
}
