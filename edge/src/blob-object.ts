/**
 * The Durable Object of one user's sealed blobs: the logs of their devices, encrypted by `sync` of
 * pocketsage/vault. It has no key, and never receives the user id.
 */
import { DurableObject } from "cloudflare:workers";
import { isSyncBlob, SYNC_LIMITS } from "pocketsage/vault";
import { type BlobBytes, bucketBytes, sqliteBytes } from "./blob-bytes.js";
import type { BlobCalls, Failure } from "./contract.js";
import { bugOf, faultOf, Problem } from "./problem.js";
import type { BlobsReply } from "./schema.js";
import type { Env } from "./settings.js";

/** Bytes of all blobs of a user. */
const MAX_USER_BYTES = 64 << 20;

/** Throws a 400 unless the bytes have the outer form and a length class of blobs of `sync`. */
export function checkBlob(bytes: Uint8Array): void {
  if (isSyncBlob(bytes)) return;
  throw new Problem(
    400,
    "body",
    `The body: expected a sealed blob of sync, a power of two of at least ` +
      `${SYNC_LIMITS.minBlobBytes} bytes, saw ${bytes.length} bytes of another kind: send what ` +
      "sync passes to put.",
  );
}

/**
 * Calls run one after the other, so a list, its versions and the bytes belong together. The version
 * is stored before the bytes: after a failure between the two, readers at worst read the old bytes
 * again.
 */
export class BlobObject extends DurableObject<Env> implements BlobCalls {
  #bytes: BlobBytes;
  #sql: SqlStorage;
  #lastCall: Promise<unknown> = Promise.resolve();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    const rows = sqliteBytes(state.storage);
    this.#bytes = env.BLOBS ? bucketBytes(env.BLOBS, state.id.toString(), rows) : rows;
  }

  list(since: number): Promise<BlobsReply | Failure> {
    return this.#call(async () => {
      const blobs = this.#rows<{ name: string; version: number; bytes: number }>(
        "select name, version, bytes from blobs where version > ? order by name",
        since,
      );
      return { version: this.#lastVersion(), blobs };
    });
  }

  get(name: string): Promise<Uint8Array<ArrayBuffer> | null | Failure> {
    return this.#call(async () => {
      const isKnown = this.#rows("select 1 from blobs where name = ?", name).length > 0;
      return isKnown ? ((await this.#bytes.read(name)) ?? null) : null;
    });
  }

  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<{ version: number } | Failure> {
    return this.#call(async () => {
      this.#createTable();
      const [others] = this.#rows<{ count: number; bytes: number }>(
        "select count(*) as count, coalesce(sum(bytes), 0) as bytes from blobs where name <> ?",
        name,
      );
      const remedy = "delete those of devices that are no longer used (DELETE /v1/blob?name=).";
      if (others!.count >= SYNC_LIMITS.maxBlobs)
        return quotaFault(`The user has ${others!.count} blobs, the most that are kept: ${remedy}`);
      if (others!.bytes + bytes.length > MAX_USER_BYTES)
        return quotaFault(
          `The blobs of the user would have more than ${MAX_USER_BYTES >> 20} MiB: ${remedy}`,
        );
      this.#sql.exec(
        "insert or replace into blobs (name, bytes) values (?, ?)",
        name,
        bytes.length,
      );
      const version = this.#lastVersion();
      await this.#bytes.write(name, bytes);
      return { version };
    });
  }

  remove(name?: string): Promise<{ deleted: number } | Failure> {
    return this.#call(async () => {
      const names = this.#rows<{ name: string }>(
        "select name from blobs where ?1 is null or name = ?1",
        name ?? null,
      ).map((row) => row.name);
      // The bytes first: a failure must not leave bytes that no row refers to.
      for (const each of names) {
        await this.#bytes.remove(each);
        this.#sql.exec("delete from blobs where name = ?", each);
      }
      return { deleted: names.length };
    });
  }

  /** Runs a call after all earlier ones. An error becomes a Failure: thrown, it would be logged. */
  #call<T>(work: () => Promise<T>): Promise<T | Failure> {
    const run = this.#lastCall.then(work).catch((error: unknown): Failure => {
      return { fault: faultOf(error) ?? bugOf(error) };
    });
    this.#lastCall = run;
    return run;
  }

  #createTable(): void {
    // `autoincrement`: the version of a deleted blob is not used again.
    this.#sql.exec(
      `create table if not exists blobs (
        version integer primary key autoincrement, name text not null unique, bytes integer not null
      )`,
    );
  }

  #lastVersion(): number {
    const [row] = this.#rows<{ seq: number }>(
      "select seq from sqlite_sequence where name = 'blobs'",
    );
    return row?.seq ?? 0;
  }

  /** The rows of a query; none before the first write. */
  #rows<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...parameters: SqlStorageValue[]
  ): Row[] {
    const tables = this.#sql.exec("select 1 from sqlite_master where name = 'blobs'").toArray();
    return tables.length === 0 ? [] : this.#sql.exec<Row>(query, ...parameters).toArray();
  }
}

function quotaFault(message: string): Failure {
  return { fault: { code: "quota", message } };
}
