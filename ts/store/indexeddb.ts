/**
 * A store in the browser's IndexedDB.
 *
 * The database "pocketsage" has one object store, "profiles". The live bytes are under the key
 * [name, "live"], bytes set aside under [name, "aside", number].
 *
 * Each call opens a connection and closes it, because a browser may end an idle connection at any
 * time, and a lasting one would block upgrades by other tabs. A write is durable when its
 * transaction completes, not when its request succeeds.
 */
import { asSageError, SageError } from "../errors.js";
import type { Store } from "./store.js";

const DATABASE = "pocketsage";
const VERSION = 1;
const PROFILE_STORE = "profiles";

/**
 * A store in IndexedDB, shared by all tabs of an origin. Stores of different names are independent.
 * Methods reject "storage" where there is no IndexedDB, where the browser refuses it or another tab
 * blocks it, and when the disk quota is exceeded.
 */
export function indexedDbStore(name = "default"): Store {
  const liveKey = [name, "live"];
  return {
    load: () =>
      transact("readonly", (profiles) =>
        requestResult<Uint8Array | undefined>(profiles.get(liveKey)),
      ),
    save: (bytes) =>
      transact(
        "readwrite",
        async (profiles) => void (await requestResult(profiles.put(bytes, liveKey))),
      ),
    clear: () =>
      transact("readwrite", (profiles) => requestResult(profiles.delete(keysWithPrefix([name])))),
    update: (change) =>
      transact("readwrite", async (profiles) => {
        const bytes = change(await requestResult<Uint8Array | undefined>(profiles.get(liveKey)));
        await requestResult(profiles.put(bytes, liveKey));
        return bytes;
      }),
    setAside: (bytes) =>
      transact("readwrite", async (profiles) => {
        const count = await requestResult(profiles.count(keysWithPrefix([name, "aside"])));
        await requestResult(profiles.put(bytes, [name, "aside", count]));
      }),
  };
}

/** All keys that begin with these parts. The upper bound: an array sorts after other keys. */
function keysWithPrefix(parts: string[]): IDBKeyRange {
  return IDBKeyRange.bound(parts, [...parts, []]);
}

/**
 * Runs `work` in one transaction and resolves to its result when the transaction has completed. If
 * `work` fails, the transaction is aborted and nothing is written.
 */
async function transact<T>(
  mode: IDBTransactionMode,
  work: (profiles: IDBObjectStore) => Promise<T>,
): Promise<T> {
  let database: IDBDatabase | undefined;
  try {
    database = await openDatabase();
    const transaction = database.transaction(PROFILE_STORE, mode);
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException("The transaction was aborted.", "AbortError"));
    });
    const working = work(transaction.objectStore(PROFILE_STORE)).catch((error: unknown) => {
      abortIfActive(transaction);
      throw error;
    });
    const [result] = await Promise.all([working, completed]);
    return result;
  } catch (error) {
    throw asSageError(
      error,
      "storage",
      "IndexedDB failed; recorded actions stay in memory, and memoryStore() works without it",
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
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => void request.result.createObjectStore(PROFILE_STORE);
  return new Promise((resolve, reject) => {
    let blocked = false;
    request.onblocked = () => {
      blocked = true;
      reject(
        new SageError(
          "storage",
          "IndexedDB is blocked by another tab that holds the database open: " +
            "close it and try again.",
        ),
      );
    };
    request.onsuccess = () => {
      if (blocked) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => reject(request.error);
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
    // It has ended already; `work` or `onabort` reports the reason.
  }
}
