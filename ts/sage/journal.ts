/**
 * The journal: a log that is kept in a store, and safe with several writers.
 *
 * A change is applied in memory at once, and stays pending until it is stored. Storing reads the freshest stored log (another tab may have
 * written), makes the pending changes on it, and writes the outcome; where the store can, in one atomic step. One save runs at a time and
 * takes along everything that is pending when it starts. If it fails, the changes stay in memory and go out with the next save.
 */
import { asSageError } from "../errors.js";
import type { Store } from "../store/store.js";
import { EMPTY_LOG, type Limits, type Log, trim } from "./log.js";
import { decodeLog, encodeLog } from "./log-format.js";

/** A change to the log. It may be made several times, each time on a fresher log. "erase" deletes the log and all that the store holds. */
type Change = ((log: Log) => Log) | "erase";

/** A log and its place in a store. */
export interface Journal {
  /** The log of now, stored or not. */
  log(): Log;
  /** Makes a change; resolves when it is stored, rejects "storage" when it could not be (yet). */
  change(change: Change): Promise<void>;
  /** Stores what is pending, if anything is. */
  flush(): Promise<void>;
}

/** Opens the log that the store holds, or an empty one. Rejects "corrupt", "version", "dimension" or "storage", having touched nothing. */
export async function openJournal(
  store: Store,
  dim: number,
  limits: () => Limits,
  setAside: boolean,
): Promise<Journal> {
  let log = trim(await restore(store, dim, setAside), limits());
  let pending: Change[] = [];
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;

  /** What was last written, so that what nobody else has changed need not be read again. */
  let written: { readonly bytes: Uint8Array; readonly log: Log } | undefined;
  const read = (bytes: Uint8Array): Log =>
    written && sameBytes(bytes, written.bytes) ? written.log : decodeLog(bytes, dim);

  const make = (start: Log, changes: readonly Change[]): Log =>
    trim(
      changes.reduce(
        (current, change) => (change === "erase" ? EMPTY_LOG : change(current)),
        start,
      ),
      limits(),
    );

  const save = async (): Promise<void> => {
    const changes = pending;
    if (changes.length === 0) return;
    const erase = changes.lastIndexOf("erase");
    const rest = changes.slice(erase + 1);
    let next: typeof written;
    await storing(async () => {
      if (erase >= 0) await store.clear();
      if (rest.length === 0) return;
      await update(store, (bytes) => {
        const stored = make(bytes ? read(bytes) : EMPTY_LOG, rest);
        next = { bytes: encodeLog(stored, dim), log: stored };
        return next.bytes.slice(); // the store's own, to keep or to change
      });
    });
    written = next;
    const stored = next?.log ?? EMPTY_LOG;
    pending = pending.slice(changes.length);
    log = make(stored, pending);
  };

  const flush = (): Promise<void> => {
    waiting ??= running.then(() => {
      waiting = undefined;
      const saving = save();
      running = saving.catch(() => undefined); // reported to those who wait for it; the next save tries again
      return saving;
    });
    return waiting;
  };

  return {
    log: () => log,
    change: (change) => {
      log = make(log, [change]);
      pending = [...pending, change];
      return flush();
    },
    flush,
  };
}

async function restore(store: Store, dim: number, setAside: boolean): Promise<Log> {
  const bytes = await storing(() => store.load());
  if (!bytes) return EMPTY_LOG;
  try {
    return decodeLog(bytes, dim);
  } catch (error) {
    if (!setAside || !store.setAside) throw error;
    await storing(() => store.setAside!(bytes));
    // Another tab may have done the same, and recorded since: only the bytes that were put aside are replaced.
    const empty = encodeLog(EMPTY_LOG, dim);
    const left = await storing(() =>
      update(store, (now) => (now && !sameBytes(now, bytes) ? now : empty)),
    );
    return decodeLog(left, dim);
  }
}

async function update(
  store: Store,
  change: (bytes?: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  if (store.update) return store.update(change);
  const bytes = change(await store.load());
  await store.save(bytes);
  return bytes;
}

/** Runs a step of the store; what goes wrong there is "storage", unless the store says better. */
async function storing<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw asSageError(
      error,
      "storage",
      "The profile could not be stored or loaded; what was recorded stays in memory",
    );
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
