/**
 * The SQLite storage of a user's Durable Object: the log of actions as segments, in rows of at most
 * 64 KB.
 */
import type { Store } from "pocketsage";
import { freeBuffer, joinBytes } from "./bytes.js";
import type { RequestLog } from "./requests.js";

/** Small: each object keeps a buffer of the largest row that it has read. */
const ROW_BYTES = 64 << 10;

/** The last segment of an epoch, which changes whenever segments are deleted; 0 for no segment. */
interface Token {
  epoch: number;
  last: number;
}

type SegmentRow = { number: number; bytes: ArrayBuffer };
type SegmentSize = { number: number; size: number };

/**
 * The store of one sage. Before the first write it has no tables. Each write completes the pending
 * request of `requests` in its transaction.
 */
export function sqliteStore(storage: DurableObjectStorage, requests: RequestLog): Store {
  const { sql } = storage;
  /** The segments that the sage has read: its vectors are views of them. */
  let readBuffers: ArrayBuffer[] = [];

  const hasTable = (name: string): boolean =>
    sql.exec("select 1 from sqlite_master where name = ?", name).toArray().length > 0;
  const currentToken = (): Token => {
    const [token] = hasTable("segments")
      ? sql.exec<{ epoch: number; last: number }>(
          "select epoch, number as last from segments order by number desc limit 1",
        )
      : [];
    return token ?? { epoch: 0, last: 0 };
  };
  /** Reads the segments whose number is above `number`, each into one buffer. */
  const readAfter = (number: number): Uint8Array[] => {
    if (!hasTable("segments")) return [];
    const segments = new Map<number, { bytes: Uint8Array<ArrayBuffer>; length: number }>();
    for (const { number: segment, size } of sql.exec<SegmentSize>(
      `select number, sum(length(bytes)) as size from segments where number > ?
        group by number order by number`,
      number,
    ))
      segments.set(segment, { bytes: new Uint8Array(size), length: 0 });
    for (const row of sql.exec<SegmentRow>(
      "select number, bytes from segments where number > ? order by number, part",
      number,
    )) {
      const segment = segments.get(row.number)!;
      segment.bytes.set(new Uint8Array(row.bytes), segment.length);
      segment.length += row.bytes.byteLength;
      freeBuffer(row.bytes);
    }
    const read = Array.from(segments.values(), ({ bytes }) => bytes);
    readBuffers.push(...read.map(({ buffer }) => buffer));
    return read;
  };
  const freeReadBuffers = (): void => {
    readBuffers.forEach(freeBuffer);
    readBuffers = [];
  };
  const createTable = (): void => {
    sql.exec(
      `create table if not exists segments (
        epoch real not null, number integer, part integer, bytes blob not null,
        primary key (number, part)
      )`,
    );
  };
  const add = (bytes: Uint8Array, { epoch, last }: Token): Token => {
    createTable();
    for (let part = 0; part * ROW_BYTES < bytes.length; part += 1) {
      const row = bytes.slice(part * ROW_BYTES, (part + 1) * ROW_BYTES);
      sql.exec("insert into segments values (?, ?, ?, ?)", epoch, last, part, row.buffer);
      freeBuffer(row.buffer);
    }
    requests.completePending();
    return { epoch, last };
  };
  const rewrite = (bytes: Uint8Array): Token => {
    createTable();
    sql.exec("delete from segments");
    return add(bytes, { epoch: Math.random(), last: 1 });
  };
  /**
   * Writes a segment in a transaction, if the segments are in the state `expected`, and then frees
   * its memory.
   */
  const writeAt = (
    expected: unknown,
    bytes: Uint8Array,
    write: (token: Token) => Token,
  ): Token | undefined => {
    const newToken = storage.transactionSync(() => {
      const token = currentToken();
      const { epoch, last } = expected as Token;
      return token.epoch === epoch && token.last === last ? write(token) : undefined;
    });
    if (newToken) freeBuffer(bytes.buffer);
    return newToken;
  };

  /** Earlier versions kept all bytes in the table `log`. */
  const migrate = (): void => {
    if (!hasTable("log")) return;
    storage.transactionSync(() => {
      const parts = sql.exec<{ bytes: ArrayBuffer }>("select bytes from log order by part");
      const bytes = joinBytes([...parts].map((part) => new Uint8Array(part.bytes)));
      sql.exec("drop table log");
      if (bytes.length > 0) rewrite(bytes);
    });
  };
  migrate();

  return {
    load: async () => {
      const segments = readAfter(0);
      return segments.length === 0 ? undefined : joinBytes(segments);
    },
    save: async (bytes) => void storage.transactionSync(() => rewrite(bytes)),
    clear: () => requests.keepDuring(() => storage.deleteAll()),
    segments: {
      async read(lastToken) {
        const token = currentToken();
        const { epoch, last } = (lastToken ?? {}) as Partial<Token>;
        const isWholeList = epoch !== token.epoch;
        return { segments: readAfter(isWholeList ? 0 : last!), token, complete: isWholeList };
      },
      append: async (bytes, expected) =>
        writeAt(expected, bytes, ({ epoch, last }) =>
          add(bytes, last === 0 ? { epoch: Math.random(), last: 1 } : { epoch, last: last + 1 }),
        ),
      replace: async (bytes, expected) => writeAt(expected, bytes, () => rewrite(bytes)),
      // An object has one sage, so there are no writes of others to announce. A sage ends its watch
      // when it is released, which it never is during one of its calls.
      watch: () => freeReadBuffers,
    },
  };
}
