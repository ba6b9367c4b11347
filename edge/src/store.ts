/** A taste in the SQLite of its Durable Object: one blob in rows of half a megabyte, and the keys of requests that were carried out. */
import type { Store } from "pocketsage";

const ROW = 512 << 10; // a row may have 2 MB
const REMEMBERED = 86_400_000; // requests can be repeated for a day

/** A store, and what a request that records needs besides. */
export interface TasteStore extends Store {
  /** What was answered to the request of this key, and a digest of what it asked. */
  answered(key: string): { digest: string; answer: string } | undefined;
  /** The next save also remembers this request, in the same transaction. */
  remember(key: string, digest: string, answer: string, now: number): void;
}

/** The store of this object. */
export function sqliteStore(storage: DurableObjectStorage): TasteStore {
  const { sql } = storage;
  sql.exec("create table if not exists taste (part integer primary key, bytes blob not null)");
  sql.exec("create table if not exists requests (key text primary key, digest text not null, answer text not null, at integer not null)");
  let waiting: [key: string, digest: string, answer: string, now: number] | undefined;

  const read = (): Uint8Array | undefined => {
    const parts = sql.exec<{ bytes: ArrayBuffer }>("select bytes from taste order by part").toArray();
    if (parts.length === 0) return undefined;
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.byteLength, 0));
    parts.reduce((offset, part) => {
      bytes.set(new Uint8Array(part.bytes), offset);
      return offset + part.bytes.byteLength;
    }, 0);
    return bytes;
  };
  const write = (bytes: Uint8Array): void => {
    sql.exec("delete from taste");
    for (let part = 0; part * ROW < bytes.length; part += 1) {
      sql.exec("insert into taste values (?, ?)", part, bytes.slice(part * ROW, (part + 1) * ROW).buffer);
    }
    if (!waiting) return;
    sql.exec("delete from requests where at < ?", waiting[3] - REMEMBERED);
    sql.exec("insert into requests values (?, ?, ?, ?)", ...waiting);
    waiting = undefined;
  };

  return {
    load: async () => read(),
    save: async (bytes) => storage.transactionSync(() => write(bytes)),
    clear: async () =>
      storage.transactionSync(() => {
        sql.exec("delete from taste");
        sql.exec("delete from requests");
      }),
    update: async (change) =>
      storage.transactionSync(() => {
        const bytes = change(read());
        write(bytes);
        return bytes;
      }),
    answered: (key) => sql.exec<{ digest: string; answer: string }>("select digest, answer from requests where key = ?", key).toArray()[0],
    remember: (...request) => void (waiting = request),
  };
}
