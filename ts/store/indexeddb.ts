/**
 * The browser's database as a store. One database, "pocketsage", with one object store, "profiles": the live bytes under [name, "live"],
 * bytes put aside under [name, "aside", number].
 *
 * Each call opens its own connection and closes it: a browser may end an idle one at any time, and a lasting one would block upgrades in
 * other tabs. A write counts as done when its transaction is complete, not when its request has succeeded.
 */
import { asSageError, SageError } from "../errors.js";
import type { Store } from "./store.js";

const DATABASE = "pocketsage";
const VERSION = 1;
const PROFILES = "profiles";

/** A store in IndexedDB; tastes with different names are kept apart. Rejects "storage" where the browser refuses, or is full. */
export function indexedDbStore(name = "default"): Store {
  const live = [name, "live"];
  return {
    load: () =>
      transact("readonly", (profiles) => finished<Uint8Array | undefined>(profiles.get(live))),
    save: (bytes) =>
      transact("readwrite", async (profiles) => void (await finished(profiles.put(bytes, live)))),
    clear: () => transact("readwrite", (profiles) => finished(profiles.delete(everyKeyOf([name])))),
    update: (change) =>
      transact("readwrite", async (profiles) => {
        const bytes = change(await finished<Uint8Array | undefined>(profiles.get(live)));
        await finished(profiles.put(bytes, live));
        return bytes;
      }),
    setAside: (bytes) =>
      transact("readwrite", async (profiles) => {
        const count = await finished(profiles.count(everyKeyOf([name, "aside"])));
        await finished(profiles.put(bytes, [name, "aside", count]));
      }),
  };
}

/** Every key that begins with these parts: an array sorts after every number and string. */
function everyKeyOf(parts: string[]): IDBKeyRange {
  return IDBKeyRange.bound(parts, [...parts, []]);
}

/** Runs `work` in one transaction and waits until everything is written. If `work` fails, nothing is. */
async function transact<T>(
  mode: IDBTransactionMode,
  work: (profiles: IDBObjectStore) => Promise<T>,
): Promise<T> {
  let database: IDBDatabase | undefined;
  try {
    database = await connect();
    const transaction = database.transaction(PROFILES, mode);
    const written = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException("The transaction was aborted.", "AbortError"));
    });
    const working = work(transaction.objectStore(PROFILES)).catch((error: unknown) => {
      abort(transaction);
      throw error;
    });
    const [result] = await Promise.all([working, written]);
    return result;
  } catch (error) {
    throw asSageError(
      error,
      "storage",
      "IndexedDB failed; what was recorded stays in memory, and memoryStore() works without it",
    );
  } finally {
    database?.close();
  }
}

function connect(): Promise<IDBDatabase> {
  if (typeof indexedDB === "undefined") {
    throw new SageError(
      "storage",
      "There is no IndexedDB here: use memoryStore(), or a store of your own.",
    );
  }
  const opening = indexedDB.open(DATABASE, VERSION);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(PROFILES);
  return new Promise((resolve, reject) => {
    let blocked = false;
    opening.onblocked = () => {
      blocked = true;
      reject(
        new SageError(
          "storage",
          "IndexedDB is blocked by another tab that holds the database open: close it and try again.",
        ),
      );
    };
    opening.onsuccess = () => {
      if (blocked) opening.result.close();
      else resolve(opening.result);
    };
    opening.onerror = () => reject(opening.error);
  });
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself, which is what was wanted; why it did is reported by `written` or `work`.
  }
}
