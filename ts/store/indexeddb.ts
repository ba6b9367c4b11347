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
const PROFILE_STORE = "profiles";

/** A store in IndexedDB; tastes with different names are kept apart. Rejects "storage" where the browser refuses, or is full. */
export function indexedDbStore(name = "default"): Store {
  const live = [name, "live"];
  return {
    load: () =>
      transact("readonly", (profiles) => requestResult<Uint8Array | undefined>(profiles.get(live))),
    save: (bytes) =>
      transact(
        "readwrite",
        async (profiles) => void (await requestResult(profiles.put(bytes, live))),
      ),
    clear: () =>
      transact("readwrite", (profiles) => requestResult(profiles.delete(keysWithPrefix([name])))),
    update: (change) =>
      transact("readwrite", async (profiles) => {
        const bytes = change(await requestResult<Uint8Array | undefined>(profiles.get(live)));
        await requestResult(profiles.put(bytes, live));
        return bytes;
      }),
    setAside: (bytes) =>
      transact("readwrite", async (profiles) => {
        const count = await requestResult(profiles.count(keysWithPrefix([name, "aside"])));
        await requestResult(profiles.put(bytes, [name, "aside", count]));
      }),
  };
}

/** Every key that begins with these parts: an array sorts after every number and string. */
function keysWithPrefix(parts: string[]): IDBKeyRange {
  return IDBKeyRange.bound(parts, [...parts, []]);
}

/** Runs `work` in one transaction and waits until everything is written. If `work` fails, nothing is. */
async function transact<T>(
  mode: IDBTransactionMode,
  work: (profiles: IDBObjectStore) => Promise<T>,
): Promise<T> {
  let database: IDBDatabase | undefined;
  try {
    database = await openDatabase();
    const transaction = database.transaction(PROFILE_STORE, mode);
    const written = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException("The transaction was aborted.", "AbortError"));
    });
    const working = work(transaction.objectStore(PROFILE_STORE)).catch((error: unknown) => {
      abortIfActive(transaction);
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

function openDatabase(): Promise<IDBDatabase> {
  if (typeof indexedDB === "undefined") {
    throw new SageError(
      "storage",
      "There is no IndexedDB here: use memoryStore(), or a store of your own.",
    );
  }
  const opening = indexedDB.open(DATABASE, VERSION);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(PROFILE_STORE);
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

function requestResult<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function abortIfActive(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself, which is what was wanted; why it did is reported by `written` or `work`.
  }
}
