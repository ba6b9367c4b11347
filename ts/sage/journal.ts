/**
 * The journal: a log persisted in a store, safe with several concurrent writers.
 *
 * A change is applied in memory immediately and stays pending until it is stored. A save loads the
 * stored log (another tab may have written it), applies the pending changes to it and writes the
 * result; atomically, if the store has `update`. One save runs at a time and includes every change
 * pending when it starts. After a failed save the changes stay pending for the next save.
 */
import { asSageError } from "../errors.js";
import type { Store } from "../store/store.js";
import { EMPTY_LOG, type Limits, type Log, trim } from "./log.js";
import { decodeLog, encodeLog } from "./log-format.js";

/**
 * A change to the log: a pure function, because it is applied again to every newer stored log until
 * it is saved. "erase" deletes the log and everything else in the store.
 */
type Change = ((log: Log) => Log) | "erase";

/** A log and the store that persists it. */
export interface Journal {
  /** The current log, pending changes included. */
  log(): Log;
  /**
   * Apply a change. Resolves when it is stored; rejects "storage" when saving failed, and the
   * change stays pending.
   */
  change(change: Change): Promise<void>;
  /** Whether the store has all changes. */
  isSaved(): boolean;
  /** Save the pending changes, if there are any. */
  flush(): Promise<void>;
}

/**
 * Load the stored log, or start an empty one. Rejects "corrupt", "version", "dimension" or
 * "storage" and leaves the store unchanged; with `setAsideUnreadable`, bytes that cannot be decoded
 * are copied aside first and replaced by an empty log.
 */
export async function openJournal(
  store: Store,
  dim: number,
  limits: () => Limits,
  setAsideUnreadable: boolean,
): Promise<Journal> {
  let log = trim(await loadLog(store, dim, setAsideUnreadable), limits());
  let pending: Change[] = [];
  let lastSave: Promise<void> = Promise.resolve();
  let nextSave: Promise<void> | undefined;

  /** The last write: if the store still holds these bytes, they need no decoding. */
  let lastWritten: { readonly bytes: Uint8Array; readonly log: Log } | undefined;
  const decodeStored = (bytes: Uint8Array): Log =>
    lastWritten && sameBytes(bytes, lastWritten.bytes) ? lastWritten.log : decodeLog(bytes, dim);

  const applyChanges = (start: Log, changes: readonly Change[]): Log =>
    trim(
      changes.reduce(
        (current, change) => (change === "erase" ? EMPTY_LOG : change(current)),
        start,
      ),
      limits(),
    );

  const savePending = async (): Promise<void> => {
    const changes = pending;
    if (changes.length === 0) return;
    const lastErase = changes.lastIndexOf("erase");
    const changesToApply = changes.slice(lastErase + 1);
    let toWrite: typeof lastWritten;
    await withStorageErrors(async () => {
      if (lastErase >= 0) await store.clear();
      if (changesToApply.length === 0) return;
      await updateStore(store, (bytes) => {
        const stored = applyChanges(bytes ? decodeStored(bytes) : EMPTY_LOG, changesToApply);
        toWrite = { bytes: encodeLog(stored, dim), log: stored };
        return toWrite.bytes.slice(); // a copy: the store may keep or modify it
      });
    });
    lastWritten = toWrite;
    const stored = toWrite?.log ?? EMPTY_LOG;
    pending = pending.slice(changes.length);
    log = applyChanges(stored, pending);
  };

  const flush = (): Promise<void> => {
    nextSave ??= lastSave.then(() => {
      nextSave = undefined;
      const saveNow = savePending();
      // `saveNow` reports the error; the next save retries.
      lastSave = saveNow.catch(() => undefined);
      return saveNow;
    });
    return nextSave;
  };

  return {
    log: () => log,
    change: (change) => {
      log = applyChanges(log, [change]);
      pending = [...pending, change];
      return flush();
    },
    isSaved: () => pending.length === 0,
    flush,
  };
}

async function loadLog(store: Store, dim: number, setAsideUnreadable: boolean): Promise<Log> {
  const bytes = await withStorageErrors(() => store.load());
  if (!bytes) return EMPTY_LOG;
  try {
    return decodeLog(bytes, dim);
  } catch (error) {
    if (!setAsideUnreadable || !store.setAside) throw error;
    await withStorageErrors(() => store.setAside!(bytes));
    // Replace only the bytes set aside: another tab may have done the same and recorded since.
    const empty = encodeLog(EMPTY_LOG, dim);
    const current = await withStorageErrors(() =>
      updateStore(store, (now) => (now && !sameBytes(now, bytes) ? now : empty)),
    );
    return decodeLog(current, dim);
  }
}

async function updateStore(
  store: Store,
  change: (bytes?: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  if (store.update) return store.update(change);
  const bytes = change(await store.load());
  await store.save(bytes);
  return bytes;
}

/** Run a store operation. Errors become "storage", unless the store threw a SageError. */
async function withStorageErrors<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw asSageError(
      error,
      "storage",
      "Loading or saving the profile failed; recorded actions stay in memory",
    );
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
