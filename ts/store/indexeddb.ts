/**
 * A store in the browser's IndexedDB.
 *
 * The database "pocketsage" has one object store, "profiles". Segments are under the keys
 * [name, epoch, number], numbered from 1; `epoch` is a random number that changes whenever segments
 * are replaced or deleted. Bytes set aside are under [name, "aside", number]. Version 1 of the
 * database had all bytes under [name, "live"].
 *
 * A write is durable when its transaction completes, not when its request succeeds.
 */
import { asSageError, SageError } from "../errors.js";
import { checkText } from "../values/check.js";
import { concatenate } from "./concatenate.js";
import { type Segments, type Store, withSegments } from "./store.js";
import { createWatchers } from "./watchers.js";

const DATABASE = "pocketsage";
const VERSION = 2;
const PROFILE_STORE = "profiles";

/** The state of a list of segments: its epoch, and the number of its last segment; 0 if empty. */
interface Token {
  epoch: number;
  last: number;
}

/**
 * A store in IndexedDB, shared by all tabs of an origin. Stores of different names are independent.
 * Methods reject "storage" where there is no IndexedDB, where the browser refuses it or another tab
 * blocks it, and when the disk quota is exceeded; "version" if a newer version of the package has
 * upgraded the database.
 */
export function indexedDbStore(name = "default"): Store {
  checkText("indexedDbStore", name);
  const { announce, watch } = createWatchers(`${DATABASE} ${name}`);
  const transact = createConnection();
  const segmentKeys = (): IDBKeyRange => keysBetween([name, -Infinity], [name, Infinity]);
  const add = (profiles: IDBObjectStore, bytes: Uint8Array, token: Token): Promise<unknown> =>
    requestResult(profiles.put(bytes, [name, token.epoch, token.last]));
  const deleteSegments = (profiles: IDBObjectStore): Promise<unknown> =>
    requestResult(profiles.delete(segmentKeys()));
  const allSegments = (profiles: IDBObjectStore): Promise<Uint8Array[]> =>
    requestResult(profiles.getAll(segmentKeys()));
  const nextEpoch = (): Token => ({ epoch: Math.random(), last: 1 });

  const currentToken = async (profiles: IDBObjectStore): Promise<Token> => {
    const cursor = await requestResult(profiles.openKeyCursor(segmentKeys(), "prev"));
    const [, epoch = 0, last = 0] = (cursor?.key ?? []) as [string?, number?, number?];
    return { epoch, last };
  };
  /** Runs a write of segments in a transaction, if the list is in the state `token`. */
  const writeAt = (
    token: Token,
    write: (profiles: IDBObjectStore) => Promise<Token>,
  ): Promise<Token | undefined> =>
    transact("readwrite", async (profiles) => {
      const { epoch, last } = await currentToken(profiles);
      return epoch === token.epoch && last === token.last ? write(profiles) : undefined;
    }).then(announceAfter);
  const rewrite = async (profiles: IDBObjectStore, bytes: Uint8Array): Promise<Token> => {
    await deleteSegments(profiles);
    const token = nextEpoch();
    await add(profiles, bytes, token);
    return token;
  };
  const announceAfter = <T>(result: T): T => {
    if (result !== undefined) announce();
    return result;
  };

  const store: Store = {
    load: async () => concatenate(await transact("readonly", allSegments)),
    save: async (bytes) => {
      announceAfter(await transact("readwrite", (profiles) => rewrite(profiles, bytes)));
    },
    clear: async () => {
      const allKeys = keysBetween([name], [name, []]); // an array sorts after other keys
      await transact("readwrite", (profiles) => requestResult(profiles.delete(allKeys)));
      announce();
    },
    update: (change) =>
      transact("readwrite", async (profiles) => {
        const bytes = change(concatenate(await allSegments(profiles)));
        await rewrite(profiles, bytes);
        return bytes;
      }).then(announceAfter),
    setAside: (bytes) =>
      transact("readwrite", async (profiles) => {
        const asideKeys = keysBetween([name, "aside"], [name, "aside", []]);
        const count = await requestResult(profiles.count(asideKeys));
        await requestResult(profiles.put(bytes, [name, "aside", count]));
      }),
  };
  const segments: Segments = {
    read: (given) =>
      transact("readonly", async (profiles) => {
        const knownToken = given as Token | undefined;
        const token = await currentToken(profiles);
        const complete = knownToken?.epoch !== token.epoch;
        const keys = complete
          ? segmentKeys()
          : keysBetween([name, token.epoch, knownToken.last + 1], [name, token.epoch, Infinity]);
        return { segments: await requestResult(profiles.getAll(keys)), token, complete };
      }),
    append: (bytes, given) => {
      const { epoch, last } = given as Token;
      return writeAt({ epoch, last }, async (profiles) => {
        const token = last === 0 ? nextEpoch() : { epoch, last: last + 1 };
        await add(profiles, bytes, token);
        return token;
      });
    },
    replace: (bytes, given) => writeAt(given as Token, (profiles) => rewrite(profiles, bytes)),
    watch,
  };
  return withSegments(store, segments);
}

function keysBetween(from: unknown[], to: unknown[]): IDBKeyRange {
  return IDBKeyRange.bound(from, to);
}

type Transact = <T>(
  mode: IDBTransactionMode,
  work: (profiles: IDBObjectStore) => Promise<T>,
) => Promise<T>;

/**
 * Returns a function that runs `work` in one transaction and resolves to its result when the
 * transaction has completed. If `work` fails, the transaction is aborted and nothing is written.
 *
 * All transactions share one connection. It is closed when another tab upgrades or deletes the
 * database, which it would block, and opened again when it is gone.
 */
function createConnection(): Transact {
  let connecting: Promise<IDBDatabase> | undefined;
  const disconnect = (): void => {
    connecting = undefined;
  };
  const connect = async (): Promise<IDBDatabase> => {
    const database = await openDatabase();
    database.onclose = disconnect;
    database.onversionchange = () => {
      disconnect();
      database.close();
    };
    return database;
  };
  return async (mode, work) => {
    let database: IDBDatabase | undefined;
    const run = async (): ReturnType<typeof work> => {
      connecting ??= connect();
      connecting.catch(disconnect);
      database = await connecting;
      return runTransaction(database.transaction(PROFILE_STORE, mode), work);
    };
    try {
      return await run().catch((error: unknown) => {
        // Nothing was written: the browser had closed the connection, or it is Firefox, where the
        // first write of a connection after a full disk can only delete.
        if ((error as Partial<DOMException>).name !== "InvalidStateError") throw error;
        database?.close();
        disconnect();
        return run();
      });
    } catch (error) {
      throw asSageError(
        error,
        "storage",
        "IndexedDB failed; recorded actions stay in memory, and memoryStore() works without it",
      );
    }
  };
}

async function runTransaction<T>(
  transaction: IDBTransaction,
  work: (profiles: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const completion = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () =>
      reject(transaction.error ?? new DOMException("The transaction was aborted.", "AbortError"));
  });
  const workPromise = work(transaction.objectStore(PROFILE_STORE)).catch((error: unknown) => {
    abortIfActive(transaction);
    throw error;
  });
  const [result] = await Promise.all([workPromise, completion]);
  return result;
}

function openDatabase(): Promise<IDBDatabase> {
  if (typeof indexedDB === "undefined") {
    throw new SageError(
      "storage",
      "There is no IndexedDB here: use memoryStore(), or a store of your own.",
    );
  }
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = ({ oldVersion }) => {
    if (oldVersion === 0) request.result.createObjectStore(PROFILE_STORE);
    else moveLiveBytes(request.transaction!.objectStore(PROFILE_STORE));
  };
  return new Promise((resolve, reject) => {
    let isBlocked = false;
    request.onblocked = () => {
      isBlocked = true;
      reject(
        new SageError(
          "storage",
          "IndexedDB is blocked by another tab that holds the database open: " +
            "close it and try again.",
        ),
      );
    };
    request.onsuccess = () => {
      if (isBlocked) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () =>
      reject(
        request.error?.name === "VersionError"
          ? new SageError(
              "version",
              "The database was written by a newer pocketsage: reload the page, or update.",
              { cause: request.error },
            )
          : request.error,
      );
  });
}

/** Turns the bytes that version 1 kept under [name, "live"] into segments. */
function moveLiveBytes(profiles: IDBObjectStore): void {
  profiles.openCursor().onsuccess = (event) => {
    const cursor = (event.target as IDBRequest<IDBCursorWithValue | null>).result;
    if (!cursor) return;
    const [name, kind] = cursor.key as string[];
    if (kind === "live") {
      profiles.put(cursor.value, [name!, Math.random(), 1]);
      cursor.delete();
    }
    cursor.continue();
  };
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
    // The transaction has ended already; `work` or `onabort` reports the reason.
  }
}
