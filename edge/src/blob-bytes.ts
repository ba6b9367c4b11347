/** Where the bytes of blobs are: in the SQLite storage of their object, or in an R2 bucket. */
import { SageError } from "pocketsage";
import { joinBytes } from "./bytes.js";

const ROW_BYTES = 512 << 10; // SQLite rows of Durable Objects hold at most 2 MB

/** The bytes of one user's blobs, by name. */
export interface BlobBytes {
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Bytes in rows of at most 512 KB. Before the first write there is no table. */
export function sqliteBytes(storage: DurableObjectStorage): BlobBytes {
  const { sql } = storage;
  const hasTable = (): boolean =>
    sql.exec("select 1 from sqlite_master where name = 'blob_parts'").toArray().length > 0;
  return {
    async read(name) {
      if (!hasTable()) return undefined;
      const parts = sql
        .exec<{ bytes: ArrayBuffer }>(
          "select bytes from blob_parts where name = ? order by part",
          name,
        )
        .toArray()
        .map((row) => new Uint8Array(row.bytes));
      if (parts.length === 0) return undefined;
      return joinBytes(parts);
    },
    write: async (name, bytes) =>
      storage.transactionSync(() => {
        sql.exec(
          `create table if not exists blob_parts (
            name text not null, part integer not null, bytes blob not null,
            primary key (name, part)
          )`,
        );
        sql.exec("delete from blob_parts where name = ?", name);
        for (let part = 0; part * ROW_BYTES < bytes.length; part += 1) {
          const row = bytes.slice(part * ROW_BYTES, (part + 1) * ROW_BYTES);
          sql.exec("insert into blob_parts values (?, ?, ?)", name, part, row.buffer);
        }
      }),
    async remove(name) {
      if (hasTable()) sql.exec("delete from blob_parts where name = ?", name);
    },
  };
}

/**
 * Bytes in objects `<object id>/<name>` of a bucket; the id is a hash. `earlier` has the bytes
 * written before there was a bucket: they are read, and deleted with the next write.
 */
export function bucketBytes(bucket: R2Bucket, objectId: string, earlier: BlobBytes): BlobBytes {
  const keyOf = (name: string): string => `${objectId}/${name}`;
  /** Runs a call of the bucket. Its errors stay out of the reply: they can quote keys. */
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      const message = "The bucket of blobs (BLOBS) failed: send the request again.";
      throw new SageError("storage", message, { cause });
    }
  };
  return {
    async read(name) {
      const object = await call(() => bucket.get(keyOf(name)));
      if (!object) return earlier.read(name);
      return new Uint8Array(await call(() => object.arrayBuffer()));
    },
    async write(name, bytes) {
      await call(() => bucket.put(keyOf(name), bytes));
      await earlier.remove(name);
    },
    async remove(name) {
      await call(() => bucket.delete(keyOf(name)));
      await earlier.remove(name);
    },
  };
}
