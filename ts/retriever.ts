/** The interface of retrieval: a retriever receives queries and returns ranked hits. */
import type { Filter } from "./catalogue/filter.js";
import type { ItemId, VectorLike } from "./item.js";

/** One nearest-neighbour query. */
export interface Query {
  /** The query vector: `dim` finite components. A sage sends the medoid's vector. */
  vector: Float32Array;
  /** The medoid that the vector belongs to, for engines that can query by a stored id. */
  item?: ItemId;
  /** Maximum number of hits, at least 1. */
  count: number;
}

/** One result of a query. */
export interface Hit {
  item: ItemId;
  /**
   * Similarity to the query, in the range of f32; higher is nearer. A catalogue returns, by its
   * metric, the cosine in [-1, 1], the inner product, or the negated squared L2 distance (at most
   * 0). The retrievers in `pocketsage/remote` return the cosine, clamped to [-1, 1].
   */
  score: number;
  /**
   * The item's prior, at least 0, such as its popularity. Absent in a catalogue without priors, and
   * from an engine without the option `priorField`; an absent prior counts as 0.
   */
  prior?: number;
}

/**
 * Answers queries: one list per query, in the order of the queries, each sorted by descending
 * score. A list may have fewer hits than `count`, or none. A rejection that is not a SageError
 * becomes one with code "retrieval".
 *
 * `queries` are the only data about the user that a retriever receives.
 */
export interface Retriever {
  (queries: readonly Query[], signal?: AbortSignal): Promise<Hit[][]>;
  /**
   * The exact requests that these queries would cause, for `sage.preview()`. Default: the queries
   * as JSON.
   */
  outbound?: (queries: readonly Query[]) => Outbound[];
  /** Whether no query leaves the device as it is, as with `pocketsage/privacy`. Default: false. */
  hidesQueries?: boolean;
  /** Name of the vector space of the queries. Default: none, which fits every space. */
  space?: string | undefined;
  /**
   * The same retriever, restricted to items that meet the filter, for `recommend({ filter })`.
   * Default: there is no filter; `recommend` then rejects the option.
   */
  withFilter?: (filter: Filter) => Retriever;
}

/**
 * Looks up the vectors of items by id. Resolves to one entry per id, in the order of `items`;
 * undefined for an unknown item.
 */
export type VectorSource = (items: readonly ItemId[]) => Promise<(VectorLike | undefined)[]>;

/** Last sentence of {@link Outbound.says}, without the full stop. */
export const NOT_SENT = "No weights, no times, no user id";

/** One message that would leave the device. */
export interface Outbound {
  /** Receiver: a URL, or a description of the retriever. */
  to: string;
  /** The exact bytes of the body. */
  bytes: Uint8Array;
  /** What the bytes reveal, in words. */
  says: string;
}
