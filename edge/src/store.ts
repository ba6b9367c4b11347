/** The SQLite storage of a user's Durable Object: the log of actions as bytes in rows of 512 KB. */
import type { Store } from "pocketsage";
import type { RequestLog } from "./requests.js";

const ROW_BYTES = 512 << 10; // SQLite rows of Durable Objects hold at most 2 MB

/**
 * The store of an object. Before the first write and after `clear` it has no tables. Each write
 * completes the pending request of `requests` in its transaction.
 */
export function sqliteStore(storage: DurableObjectStorage, requests: RequestLog): Store {
  const { sql } = storage;

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
    sql.exec("delete from log");
    for (let part = 0; part * ROW_BYTES < bytes.length; part += 1) {
      const row = bytes.slice(part * ROW_BYTES, (part + 1) * ROW_BYTES);
      sql.exec("insert into log values (?, ?)", part, row.buffer);
    }
    requests.completePending();
  };

  return {
    load: async () => read(),
    save: async (bytes) => storage.transactionSync(() => write(bytes)),
    clear: () => requests.keepDuring(() => storage.deleteAll()),
    update: async (change) =>
      storage.transactionSync(() => {
        const bytes = change(read());
        write(bytes);
        return bytes;
      }),
  };
}
