/** The public types of a catalogue that is searched by ranges. */
import type { ItemId, VectorLike } from "../../item.js";
import type { Hit, Retriever, VectorSource } from "../../retriever.js";
import type { Filter } from "../filter.js";
import type { Metric } from "../options.js";
import type { CacheState } from "./cache.js";

/** Options of {@link openRanged}. */
export interface RangedOptions {
  /** Maximum number of requests for a query without cached blocks, at least 1. Default: 6. */
  maxRequests?: number;
  /**
   * Maximum bytes that a query reads if nothing is cached. At least one block of up to 64 KiB is
   * read. Default: 400,000.
   */
  maxBytes?: number;
  /** Bytes of blocks that are kept in memory, at least 0. Default: 2,000,000. */
  memory?: number;
  /**
   * Whether blocks and sketches are kept in the Cache API, where there is one. Default: true for
   * `httpSource` in browsers and Workers, else false.
   */
  cache?: boolean;
  /**
   * Whether the whole file is loaded into memory if the source serves no ranges or the file has no
   * blocks. If false, `openRanged` rejects instead. Default: true.
   */
  whole?: boolean;
  /** Aborts the opening. */
  signal?: AbortSignal;
}

/** Options of a search by ranges. */
export interface RangedSearchOptions {
  /** Maximum number of hits per query, a whole number from 1 to 100,000. Default: 20. */
  count?: number;
  /**
   * Number of best hits to skip, as for the next page: 0 to 100,000. Pages of an exact search
   * neither overlap nor leave gaps; those of an approximate one may, since a later page reads more
   * blocks. Default: 0.
   */
  offset?: number;
  /** Minimum score of a hit. Default: none. */
  minScore?: number;
  /** Items to leave out. Unknown ids are ignored. Default: none. */
  exclude?: Iterable<ItemId>;
  /** Condition that hits must meet. Its first use reads the attributes of all items. */
  filter?: Filter;
  /** Whether to read all vectors of the file and score every item. Default: false. */
  exact?: boolean;
  /**
   * What a block that does not match its hash means: "error" rejects, "skip" searches the others.
   * Default: "error".
   */
  damaged?: "error" | "skip";
  /** Aborts the search. */
  signal?: AbortSignal;
}

/** Counts of reads since the catalogue was opened. */
export interface RangedTraffic {
  /** Reads of the source, including those of `openRanged`. */
  requests: number;
  /** Bytes that were read. */
  bytes: number;
  /** Blocks that came from a cache. */
  cachedBlocks: number;
  /** State of the Cache API: "refused" or "full" means that the search works without it. */
  cache: CacheState;
}

/**
 * A catalogue that holds ids and sketches in memory and reads vectors in blocks. Made by
 * {@link openRanged}.
 *
 * With `openSage({ dim: catalogue.dim, retriever: catalogue.retriever, vectors: catalogue.vectors
 * })`, a sage records its items and recommends from it.
 */
export interface RangedCatalogue {
  /** "ranges", or "whole" if the whole file is in memory: then searches read nothing. */
  readonly mode: "ranges" | "whole";
  /** Number of items. */
  readonly size: number;
  /** Number of components of each vector. */
  readonly dim: number;
  readonly metric: Metric;
  /** Name of the vector space; undefined for none. */
  readonly space: string | undefined;
  /** Mean squared distance over all pairs of items. */
  readonly spread: number;
  /** XXH64 of the file, as its header states it: 16 hexadecimal digits. */
  readonly hash: string;
  /** Number of blocks; 0 with mode "whole". */
  readonly blocks: number;
  /** Blocks that did not match their hash, in ascending order. */
  readonly damagedBlocks: readonly number[];
  /** Bytes in memory: sketches, ids, and the blocks kept; with mode "whole" those of the file. */
  readonly byteLength: number;
  readonly traffic: RangedTraffic;
  /** Whether the catalogue has the item. O(log n). */
  has(item: ItemId): boolean;
  /**
   * The items nearest to the vector among those of the blocks that most probably hold the nearest,
   * by descending score; of equal scores, the lowest row first. Scores are exact. Rejects with code
   * "dimension", "not-finite" or "option" for an invalid argument, "retrieval" if the source
   * fails or was replaced, "corrupt" for a block that does not match its hash, "aborted", and
   * "closed".
   */
  search(vector: VectorLike, options?: RangedSearchOptions): Promise<Hit[]>;
  /** One list of hits per vector, each as from `search`; blocks are read once. */
  searchMany(vectors: readonly VectorLike[], options?: RangedSearchOptions): Promise<Hit[][]>;
  /** The item's vector as it is stored; undefined for an unknown item. Rejects as `search`. */
  vector(item: ItemId, options?: { signal?: AbortSignal }): Promise<Float32Array | undefined>;
  /** The item's payload; undefined for none, and for an unknown item. Rejects as `search`. */
  payload(item: ItemId, options?: { signal?: AbortSignal }): Promise<unknown>;
  /** The prior of the item, 0 without one; undefined for an unknown item. */
  prior(item: ItemId): number | undefined;
  /** Answers the queries of a sage. `preview()` lists the ranges it would request. */
  readonly retriever: Retriever;
  /** Looks up vectors for a sage. */
  readonly vectors: VectorSource;
  /** Frees the memory. Later calls throw or reject with code "closed". */
  close(): void;
}
