/**
 * The SQLite storage of a user's Durable Object: the log of actions as bytes in rows of 512 KB, and
 * the idempotency keys of completed requests.
 */
import type { Store } from "pocketsage";

const ROW_BYTES = 512 << 10; // SQLite rows of Durable Objects hold at most 2 MB
const KEY_LIFETIME_MS = 86_400_000; // a day

/** A completed request: its idempotency key, a digest of its body, and its answer. */
interface CompletedRequest {
  key: string;
  digest: string;
  answer: string;
}

/** A Store that also keeps idempotency keys. */
export interface ActionStore extends Store {
  /** The completed request with this key. */
  findRequest(key: string): Omit<CompletedRequest, "key"> | undefined;
  /** Sets the request that the next write stores in its transaction; undefined for none. */
  setPendingRequest(request: CompletedRequest | undefined): void;
}

/** The store of an object. Before the first write and after `clear` it has no tables. */
export function sqliteStore(storage: DurableObjectStorage): ActionStore {
  const { sql } = storage;
  let pending: CompletedRequest | undefined;

  const isEmpty = (): boolean =>
    sql.exec("select 1 from sqlite_master where name = 'log'").toArray().length === 0;
  const read = (): Uint8Array | undefined => {
    if (isEmpty()) return undefined;
    const parts = sql.exec<{ bytes: ArrayBuffer }>("select bytes from log order by part").toArray();
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.byteLength, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(new Uint8Array(part.bytes), offset);
      offset += part.bytes.byteLength;
    }
    return bytes;
  };
  const write = (bytes: Uint8Array): void => {
    sql.exec("create table if not exists log (part integer primary key, bytes blob not null)");
    sql.exec(
      `create table if not exists requests (
        key text primary key, digest text not null, answer text not null, at integer not null
      )`,
    );
    sql.exec("delete from log");
    for (let part = 0; part * ROW_BYTES < bytes.length; part += 1) {
      const row = bytes.slice(part * ROW_BYTES, (part + 1) * ROW_BYTES);
      sql.exec("insert into log values (?, ?)", part, row.buffer);
    }
    if (!pending) return;
    const { key, digest, answer } = pending;
    sql.exec("delete from requests where at < ?", Date.now() - KEY_LIFETIME_MS);
    sql.exec("insert into requests values (?, ?, ?, ?)", key, digest, answer, Date.now());
    pending = undefined;
  };

  return {
    load: async () => read(),
    save: async (bytes) => storage.transactionSync(() => write(bytes)),
    clear: () => storage.deleteAll(),
    update: async (change) =>
      storage.transactionSync(() => {
        const bytes = change(read());
        write(bytes);
        return bytes;
      }),
    findRequest: (key) =>
      isEmpty()
        ? undefined
        : sql
            .exec<Omit<CompletedRequest, "key">>(
              "select digest, answer from requests where key = ?",
              key,
            )
            .toArray()[0],
    setPendingRequest: (request) => {
      pending = request;
    },
  };
}
