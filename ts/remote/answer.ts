/** Asking an engine that is elsewhere: what is asked, what is answered, and what an engine can do. */
import type { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit, Outbound } from "../retriever.js";

/** One question: by the id the engine has stored, by a vector, or by both; then the id is tried first and the vector is what is left. */
export interface RemoteQuery {
  item?: ItemId;
  vector?: Float32Array;
  /** How many hits are wanted; an engine gives at most its `capabilities.maxK`. */
  count: number;
}

/** Where an answer came from. */
export type AnswerSource = "engine" | "cache" | "stale" | "local";

/** What became of one query. Hits never hold the item that was asked by. */
export type Answer =
  | { status: "ok"; hits: Hit[]; via: AnswerSource }
  /** The engine does not know the item, and there was no vector to ask with instead. */
  | { status: "not-found" }
  | { status: "error"; error: SageError };

/** What an engine can do. */
export interface Capabilities {
  /** "native": one request asks by stored id. "lookup": a query that has no vector costs a request for it first. */
  byId: "native" | "lookup";
  /** Whether several queries travel in one request. */
  batch: boolean;
  /** Most hits a query can have. */
  maxK: number;
  /** Which ids the engine takes. */
  idKind: "string" | "integer" | "integer or uuid";
  /** "full", or "numbers" where the engine's filter language has no parameters, so that no text is put into it, or "none". */
  filter: "full" | "numbers" | "none";
}

/** A retriever that can also say what became of each query. Called as a function it rejects if any query failed. */
export interface RemoteRetriever {
  (queries: readonly RemoteQuery[], signal?: AbortSignal): Promise<Hit[][]>;
  /** The engine's name, as messages and `preview()` call it. */
  readonly engine: string;
  /** Names what is searched (engine, index, filter) and nothing about who asks: part of the key of cached answers. */
  readonly identity: string;
  readonly capabilities: Capabilities;
  /** One answer per query, in their order. Rejects "aborted", and "option", "dimension" or "not-finite" for queries that are wrong. */
  ask(queries: readonly RemoteQuery[], signal?: AbortSignal): Promise<Answer[]>;
  /** The stored vectors of these items, undefined for those the engine does not know. Batched and remembered. */
  vectors(items: readonly ItemId[], signal?: AbortSignal): Promise<(Float32Array | undefined)[]>;
  /** The requests that `ask` begins with, byte for byte. */
  outbound(queries: readonly RemoteQuery[]): Outbound[];
}
