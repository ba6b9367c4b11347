/** The interface of remote retrievers: queries, answers, and the capabilities of vector engines. */
import type { Filter } from "../catalogue/filter.js";
import type { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit, Outbound } from "../retriever.js";

/**
 * A nearest-neighbour query by stored id, by vector, or both. With both, the id is used if the
 * engine supports queries by id and has the item, else the vector. At least one is required.
 */
export interface RemoteQuery {
  /** Id of an item stored in the engine. */
  item?: ItemId;
  /**
   * Finite components. Only its direction matters: adapters send it at unit length. A zero vector
   * is not sent: without a stored item, its answer has no hits.
   */
  vector?: Float32Array;
  /**
   * Maximum number of hits, at least 1. Engines return at most `capabilities.maxK`, and one less
   * because the query item itself is dropped.
   */
  count: number;
  /**
   * Name of the vector space of `vector`. A retriever of another named space rejects the query with
   * code "dimension". Default: none.
   */
  space?: string | undefined;
}

/**
 * Source of an answer: the engine, the cache while fresh, the cache in place of a failed engine
 * ("stale"), or the local catalogue.
 */
export type AnswerSource = "engine" | "cache" | "stale" | "local";

/**
 * The result of one query.
 *
 * - "ok": hits by descending score, at most `count`, without the item of the query; may be empty.
 * - "not-found": the engine does not have the item, and the query has no vector.
 * - "error": the request failed, in most cases with a `RetrievalError`.
 */
export type Answer =
  | { status: "ok"; hits: Hit[]; via: AnswerSource }
  | { status: "not-found" }
  | { status: "error"; error: SageError };

/** What a vector engine supports. */
export interface Capabilities {
  /** "native": queries by stored id. "lookup": the stored vector is fetched by an extra request. */
  byId: "native" | "lookup";
  /** Whether one request carries several queries. */
  batch: boolean;
  /** Maximum number of hits per query. */
  maxK: number;
  /** Ids the engine accepts. Other ids are treated as not stored there. */
  idKind: "string" | "integer" | "integer or uuid";
  /**
   * Supported filter values. "numbers": only numbers and booleans, because the filter language has
   * no parameters and strings could inject code. "none": no filters.
   */
  filter: "full" | "numbers" | "none";
}

/**
 * A retriever backed by a vector engine, with one answer per query.
 *
 * Called as a function it is a `Retriever`: it resolves to the hit lists, or rejects with the
 * error of the first query that failed or was not found.
 */
export interface RemoteRetriever {
  (queries: readonly RemoteQuery[], signal?: AbortSignal): Promise<Hit[][]>;
  /** Name of the engine, in error messages and previews. */
  readonly engine: string;
  /**
   * Identifies what is searched (engine, address, index, filter) without credentials or user data:
   * part of the cache key of answers.
   */
  readonly identity: string;
  readonly capabilities: Capabilities;
  /** Name of the vector space of the stored vectors; undefined for none. */
  readonly space?: string | undefined;
  /**
   * One answer per query, in their order. No queries: no answers and no request.
   *
   * Rejects with code "option", "dimension" or "not-finite" for an invalid query, before anything
   * is sent, and "aborted". All other failures are answers with status "error".
   */
  ask(queries: readonly RemoteQuery[], signal?: AbortSignal): Promise<Answer[]>;
  /**
   * The stored vectors of items, undefined for items the engine does not have. Requested in batches
   * of up to 100 items; the last 500 found are cached.
   *
   * Rejects with code "retrieval" if a request fails, and "aborted".
   */
  vectors(items: readonly ItemId[], signal?: AbortSignal): Promise<(Float32Array | undefined)[]>;
  /**
   * The first requests that `ask` would send for these queries, byte for byte. Follow-up requests,
   * for ids that turn out to be unknown, are described in words.
   */
  outbound(queries: readonly RemoteQuery[]): Outbound[];
  /**
   * The same retriever, restricted to items that meet the filter as well as its own. Absent if
   * filters are not supported. Throws code "option" for a filter that the engine cannot compile.
   */
  withFilter?(filter: Filter): RemoteRetriever;
}
