/** A taste in the SQLite of its Durable Object: one blob in rows of half a megabyte, and the keys of requests that were carried out. */
import type { Store } from "pocketsage";

const ROW = 512 << 10; // a row may have 2 MB
const REMEMBERED = 86_400_000; // requests can be repeated for a day

/** A request that can be repeated: its key, a digest of what it asked, and what it was answered. */
export interface Repeatable {
  key: string;
  digest: string;
  answer: string;
}

/** A store, and what a request that records needs besides. */
export interface TasteStore extends Store {
  /** The request of this key, if it was carried out. */
  answered(key: string): Omit<Repeatable, "key"> | undefined;
  /** The next save also remembers this request, in the same transaction; or none, after all. */
  remember(request: Repeatable | undefined): void;
}

/** The store of this object. It holds nothing, tables neither, before the first save and after `clear`. */
export function sqliteStore(storage: DurableObjectStorage): TasteStore {
  const { sql } = storage;
  let waiting: Repeatable | undefined;

  const isEmpty = (): boolean =>
    sql.exec("select 1 from sqlite_master where name = 'taste'").toArray().length === 0;
  const read = (): Uint8Array | undefined => {
    if (isEmpty()) return undefined;
    const parts = sql
      .exec<{ bytes: ArrayBuffer }>("select bytes from taste order by part")
      .toArray();
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.byteLength, 0));
    parts.reduce((offset, part) => {
      bytes.set(new Uint8Array(part.bytes), offset);
      return offset + part.bytes.byteLength;
    }, 0);
    return bytes;
  };
  const write = (bytes: Uint8Array): void => {
    sql.exec("create table if not exists taste (part integer primary key, bytes blob not null)");
    sql.exec(
      "create table if not exists requests (key text primary key, digest text not null, answer text not null, at integer not null)",
    );
    sql.exec("delete from taste");
    for (let part = 0; part * ROW < bytes.length; part += 1) {
      sql.exec(
        "insert into taste values (?, ?)",
        part,
        bytes.slice(part * ROW, (part + 1) * ROW).buffer,
      );
    }
    if (!waiting) return;
    const { key, digest, answer } = waiting;
    sql.exec("delete from requests where at < ?", Date.now() - REMEMBERED);
    sql.exec("insert into requests values (?, ?, ?, ?)", key, digest, answer, Date.now());
    waiting = undefined;
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
    answered: (key) =>
      isEmpty()
        ? undefined
        : sql
            .exec<Omit<Repeatable, "key">>("select digest, answer from requests where key = ?", key)
            .toArray()[0],
    remember: (request) => void (waiting = request),
  };
}
