/**
 * What the object of a user keeps of requests, so that repeated and late ones have no effect:
 * completed requests for a day, by idempotency key, and the times of deletions for a year. It
 * outlives the deletion of everything, and has no item data: keys, requests and item ids are salted
 * hashes, and the hash of a request cannot be guessed without its key.
 */
import type { Conflict, RequestStamp } from "./contract.js";

const MS_PER_DAY = 86_400_000;
const KEY_LIFETIME_MS = MS_PER_DAY;
const DELETION_LIFETIME_MS = 365 * MS_PER_DAY;

/** What was deleted: an item's traces, actions of a time range, a hidden mark, or everything. */
export type DeletionTarget =
  | { item: string }
  | { unhidden: string }
  | { from: number; to: number }
  | "everything";

/** The answer of a request; `repeated` if an earlier request with its key did the work. */
interface Answered<Answer> {
  answer: Answer;
  repeated: boolean;
}

/** Requests and deletions in the SQLite storage of an object. Without writes it has no tables. */
export class RequestLog {
  readonly #sql: SqlStorage;
  #pending: { key: string; digest: string } | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /**
   * Runs `work`, unless a request with the same key is complete: then returns its answer, or
   * `fallback` if a crash came between the work and its answer. Answers must have no item data.
   */
  async once<Answer extends object>(
    { key, digest }: RequestStamp,
    fallback: Answer,
    work: () => Promise<Answer>,
  ): Promise<Answered<Answer> | Conflict> {
    if (key === undefined) return { answer: await work(), repeated: false };
    const salt = this.#createSalt();
    const row = { key: await hash(salt, "key", key), digest: await hash(salt, key, digest) };
    const [earlier] = this.#rows<{ digest: string; answer: string }>(
      "select digest, answer from completed_requests where key = ? and at >= ?",
      row.key,
      Date.now() - KEY_LIFETIME_MS,
    );
    if (earlier && earlier.digest !== row.digest) return { conflict: true };
    if (earlier)
      return { answer: earlier.answer ? JSON.parse(earlier.answer) : fallback, repeated: true };
    try {
      this.#pending = row;
      const answer = await work();
      this.#complete(row, JSON.stringify(answer));
      return { answer, repeated: false };
    } finally {
      // After a failure the key must stay unused, so that the request can be sent again.
      this.#pending = undefined;
    }
  }

  /** Completes the request whose work is being done. Runs in the transaction of its first write. */
  completePending(): void {
    if (this.#pending) this.#complete(this.#pending, "");
  }

  /** Remembers a deletion, so that requests made before it do not undo it. */
  async addDeletion(target: DeletionTarget): Promise<void> {
    const salt = this.#createSalt();
    const name = await nameOf(salt, target);
    if (target === "everything") this.#sql.exec("delete from deletions");
    else this.#sql.exec("delete from deletions where at < ?", Date.now() - DELETION_LIFETIME_MS);
    this.#sql.exec("insert or replace into deletions values (?, ?)", name, Date.now());
  }

  /**
   * Returns a function that decides whether the item's traces of this `kind` (its actions or its
   * hidden mark) were deleted after `time`, the time at which the request was made. If `time` is
   * undefined, the request counts as made on arrival, and the answer is always false.
   */
  async deletedSince(
    time: number | undefined,
    kind: "action" | "hidden",
    items: readonly string[],
  ): Promise<(item: string, at: number) => boolean> {
    const rows =
      time === undefined
        ? []
        : this.#rows<{ target: string }>("select target from deletions where at >= ?", time);
    if (rows.length === 0) return () => false;
    const salt = this.#createSalt();
    const targets = new Set(rows.map(({ target }) => target));
    const names = new Map<string, string[]>();
    for (const item of items) {
      const itemName = await nameOf(salt, { item });
      names.set(
        item,
        kind === "action" ? [itemName] : [itemName, await nameOf(salt, { unhidden: item })],
      );
    }
    const ranges = [...targets]
      .filter((target) => kind === "action" && target.startsWith("range "))
      .map((target) => target.split(" ").slice(1).map(Number));
    return (item, at) =>
      targets.has("everything") ||
      names.get(item)!.some((name) => targets.has(name)) ||
      ranges.some(([from, to]) => at >= from! && at <= to!);
  }

  /** Runs `clear`, which deletes the whole storage, and writes the requests and deletions again. */
  async keepDuring(clear: () => Promise<void>): Promise<void> {
    const [salt] = this.#rows<{ value: string }>("select value from salts");
    const requests = this.#rows("select * from completed_requests");
    const deletions = this.#rows("select * from deletions");
    await clear();
    if (!salt) return;
    this.#createTables();
    this.#sql.exec("insert into salts values (?)", salt.value);
    for (const { key, digest, answer, at } of requests)
      this.#sql.exec("insert into completed_requests values (?, ?, ?, ?)", key, digest, answer, at);
    for (const { target, at } of deletions)
      this.#sql.exec("insert into deletions values (?, ?)", target, at);
  }

  #complete({ key, digest }: { key: string; digest: string }, answer: string): void {
    this.#createTables();
    const now = Date.now();
    this.#sql.exec("delete from completed_requests where at < ?", now - KEY_LIFETIME_MS);
    this.#sql.exec(
      "insert or replace into completed_requests values (?, ?, ?, ?)",
      key,
      digest,
      answer,
      now,
    );
  }

  /** The salt of all hashes of this object; made on the first call. */
  #createSalt(): string {
    const [salt] = this.#rows<{ value: string }>("select value from salts");
    if (salt) return salt.value;
    this.#createTables();
    const value = crypto.randomUUID();
    this.#sql.exec("insert into salts values (?)", value);
    return value;
  }

  #createTables(): void {
    this.#sql.exec("drop table if exists requests"); // of earlier builds, with keys in clear text
    this.#sql.exec(
      `create table if not exists completed_requests (
        key text primary key, digest text not null, answer text not null, at integer not null
      )`,
    );
    this.#sql.exec(
      "create table if not exists deletions (target text primary key, at integer not null)",
    );
    this.#sql.exec("create table if not exists salts (value text not null)");
  }

  /** The rows of a query; none before the first write. */
  #rows<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...parameters: SqlStorageValue[]
  ): Row[] {
    const tables = this.#sql.exec("select 1 from sqlite_master where name = 'salts'").toArray();
    return tables.length === 0 ? [] : this.#sql.exec<Row>(query, ...parameters).toArray();
  }
}

/** The salted hash that identifies a deletion target in the table of deletions. */
async function nameOf(salt: string, target: DeletionTarget): Promise<string> {
  if (target === "everything") return target;
  if ("item" in target) return `item ${await hash(salt, "item", target.item)}`;
  if ("unhidden" in target) return `hidden ${await hash(salt, "hidden", target.unhidden)}`;
  return `range ${target.from} ${target.to}`;
}

/** SHA-256 of the parts, in hexadecimal. */
export async function hash(...parts: string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const result = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(result, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
