/// <reference lib="esnext.disposable" preserve="true" />
/** The vocabulary: plain types shared by every file, and by the people who use the package. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { ProfileOptions } from "../core/options.js";
import type { ItemId } from "../item.js";
import type { Outbound, Retriever, VectorSource } from "../retriever.js";
import type { Store } from "../store/store.js";

/** One thing the user did with one item. */
export interface Action {
  item: ItemId;
  /** The item's embedding, `dim` finite numbers, copied on the way in. Optional when the catalogue knows the item. */
  vector?: Float32Array;
  /** Milliseconds since the epoch: any finite number; the future counts as now. Default: now. */
  at?: number;
  /** How much it counts: the action done `weight` times. Default: 1, or the weight of its kind. */
  weight?: number;
  /** What was done: "save", "click", ... weighted by {@link SageOptions.kinds}; a kind not named there counts 1. */
  kind?: string;
}

/** One facet of a taste: a cluster of actions, represented by a real item of the user's. */
export interface Interest {
  /** The member with the least (weighted) sum of squared distances to the members (PinnerSage, Eq. 2). */
  medoid: ItemId;
  vector: Float32Array;
  /** Time-decayed weight (Eq. 3) as a share: the interests of a profile sum to 1. */
  importance: number;
  /** Members, each item once, most recent first. */
  items: ItemId[];
  /** When its newest action was done. */
  lastActive: number;
}

/** A user's taste as plain data: cloneable, serialisable, nothing to free. */
export interface Profile {
  dim: number;
  builtAt: number;
  /** How many actions it was built from. */
  actions: number;
  /** Most important first. */
  interests: Interest[];
}

/** What {@link openSage} needs to know. */
export interface SageOptions extends ProfileOptions {
  /** Length of the vectors; taken from the catalogue when there is one. */
  dim?: number;
  /** Knows the vectors of items, and answers the queries unless there is a `retriever`. Stays yours to close. */
  catalogue?: Catalogue;
  /** Answers the queries. Default: the catalogue. */
  retriever?: Retriever;
  /**
   * Looks up the vectors of items that are recorded without one and that the catalogue does not know: `retriever.vectors` of an engine that
   * has them. Tells that place each such item, which is more than the queries tell.
   */
  vectors?: VectorSource;
  /** Default: memoryStore(). */
  store?: Store;
  /** How much each kind of action counts. */
  kinds?: Record<string, number>;
  /**
   * The newest actions kept; older ones are let go. Default: 10,000. The first profile takes time with the square of their number: about 10 ms
   * for 1,000, a second for 10,000. After another action it takes a tenth of that, or less; for this some 25 bytes are kept for each number
   * of the vectors, where `memory` allows.
   */
  maxActions?: number;
  /** Actions older than this are let go when the taste is opened and whenever it changes. Default: no limit. */
  maxAgeDays?: number;
  /**
   * What to do with stored bytes that cannot be read (corrupt, of a newer version, or of vectors of another length): reject and touch
   * nothing, or, where the store can do that, put a copy aside and start empty. Default: "reject".
   */
  unreadable?: "reject" | "set-aside";
  /** The clock, for tests. Default: Date.now. */
  now?: () => number;
}

/** A taste that is kept up to date. */
export interface Sage {
  /** Remembers what the user did: all of the actions or, if one is invalid, none. Resolves when they are stored. */
  record(action: Action | readonly Action[]): Promise<void>;
  /** The interests of now; computed when something changed, else remembered. Without actions: no interests. */
  profile(): Promise<Profile>;
  /** What to show next: never what was acted on, hidden or excluded. Without actions: nothing. */
  recommend(options?: RecommendOptions): Promise<Recommendation[]>;
  /** Which interest an item belongs to, and which of the user's own items are nearest to it. */
  explain(item: ItemId): Promise<Explanation>;
  /** Exactly what the next `recommend()` would send off the device: empty for a local catalogue. */
  preview(options?: RecommendOptions): Promise<Outbound[]>;
  /** Never recommend this item again. (`forget` takes it back.) */
  hide(item: ItemId): Promise<void>;
  /**
   * Deletes the traces of one item, the actions of a time range (both ends included), or everything, the store's contents included.
   * Resolves to the number of actions deleted.
   */
  forget(what: ItemId | { from?: number; to?: number } | "everything"): Promise<number>;
  /** Everything remembered, as bytes that `import` reads. */
  export(): Promise<Uint8Array>;
  /** Adds what another `export` remembered; what is known already is not counted twice. */
  import(bytes: Uint8Array): Promise<void>;
  /** The user's items in two dimensions, each in [-1, 1], for pictures. `interest` is an index into the profile, -1 for a dropped one. */
  map(): Promise<{ item: ItemId; x: number; y: number; interest: number }[]>;
  /** Stores what is not stored yet and ends: later calls reject "closed". Rejects "storage", and stays open, if that fails. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How to recommend. */
export interface RecommendOptions {
  /** Default: 20. */
  count?: number;
  /** How many interests to query. Default: the 8 most important, or 3 where they are sampled. */
  interests?: number;
  /** "top" takes the most important; a seed samples in proportion to importance (PinnerSage samples 3). */
  pick?: "top" | { seed: number };
  exclude?: Iterable<ItemId>;
  signal?: AbortSignal;
}

/**
 * An item to show and why: the interest that asked for it, and the user's own items nearest to it. Recommendations come in the order to
 * show them: the interests take turns in proportion to their importance, each with its best item left.
 */
export interface Recommendation {
  item: ItemId;
  /** The cosine to the medoid. */
  score: number;
  because: { medoid: ItemId; nearest: ItemId[] };
}

/** Why an item fits, or does not: the interest nearest to it, and the user's own items in order of similarity (cosine). */
export interface Explanation {
  interest: Interest;
  nearest: { item: ItemId; similarity: number; at: number }[];
}

/** A clustering of the rows of a matrix. */
export interface Clustering {
  /** Cluster of each row, 0..count, numbered by first member; -1 for a dropped singleton. */
  labels: Int32Array;
  count: number;
  /** Row of each cluster's medoid. */
  medoids: Uint32Array;
  /** n - 1 merges of [a, b, height, size], SciPy's numbering, heights squared (Lance-Williams units), ascending. */
  tree: Float64Array;
  /** The height the tree was cut at. */
  threshold: number;
}
