/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The public data types of a sage. Times are milliseconds since the epoch (`Date.now()`).
 *
 * This file has more than 400 lines, because most of them are the documentation of the interface.
 */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { Filter } from "../catalogue/filter.js";
import type { Cut, ProfileOptions } from "../core/options.js";
import type { BytesLike, ItemId, VectorLike } from "../item.js";
import type { Outbound, Retriever, VectorSource } from "../retriever.js";
import type { Store } from "../store/store.js";
import type { TimeInput } from "./time.js";

/** One user action on one item. */
export interface Action {
  item: ItemId;
  /**
   * The item's embedding: `dim` finite values, copied. A zero vector is allowed. Optional if the
   * catalogue has the item or the `vectors` option supplies it. With a catalogue it is normalised
   * to unit length for clustering.
   */
  vector?: VectorLike;
  /**
   * Time of the action: milliseconds since the epoch, a Date, or an ISO 8601 date or date-time with
   * a zone. Future times count as now. Numbers that look like seconds, microseconds or YYYYMMDD are
   * refused. Default: now.
   */
  at?: TimeInput;
  /**
   * Weight, from 1e-6 to 1e6 (`LIMITS`): weight w counts like w repetitions of the action. From
   * -1e6 to -1e-6: a dislike (see {@link Sage.dislike}), -1 for a whole one. Divide other measures,
   * such as milliseconds watched, by a typical value. Default: the weight of `kind` in
   * `SageOptions.kinds`, or 1.
   */
  weight?: number;
  /** Kind of action, such as "save" or "click". Kinds missing from `kinds` have weight 1. */
  kind?: string;
}

/**
 * One interest of a user: a cluster of actions, represented by its medoid, an item of the history.
 */
export interface Interest {
  /**
   * The member with the smallest weighted sum of squared distances to the members (PinnerSage,
   * Eq. 2). Ties: the action recorded first.
   */
  medoid: ItemId;
  /** The medoid's vector, `dim` values. */
  vector: Float32Array;
  /**
   * Share of the time-decayed weight (PinnerSage, Eq. 3), in [0, 1]. The importances of a profile
   * sum to 1.
   */
  importance: number;
  /** Items of the members, each once, most recent first (ties: the action recorded last). */
  items: ItemId[];
  /** Time of the newest action. */
  lastActive: number;
}

/** A user's interests as plain data: cloneable and serialisable, nothing to free. */
export interface Profile {
  /** Length of the vectors. */
  dim: number;
  /** When it was computed, by the clock `now`. */
  builtAt: number;
  /** Number of actions it was computed from. */
  actions: number;
  /** By descending importance. Empty without actions. */
  interests: Interest[];
}

/**
 * How a history becomes queries. Interests that retrieve are narrower than those that are shown:
 * they have their own cut and decays. A history of at most 5 items is queried item by item.
 */
export interface RetrievalOptions {
  /**
   * Where the tree of actions is cut for retrieval. Without a catalogue, `{ spread }` is a multiple
   * of the history's own spread. Default: `{ spread: 0.7 }`.
   */
  cut?: Cut;
  /**
   * Decay per day of an interest's importance, at least 0. Default: 0.03, a half-life of 23 days.
   */
  lambda?: number;
  /**
   * Decay per day of the actions in the centre of an interest, at least 0; and in the average of
   * the history, where priors have full influence: without them it is half. Default: 0.1, a
   * half-life of 7 days.
   */
  recency?: number;
}

/** Options of {@link openSage}. Either `dim` or `catalogue` is required. */
export interface SageOptions extends ProfileOptions {
  /**
   * Length of the vectors, 1 to 32,768. Default: the catalogue's, which it must equal if both are
   * given.
   */
  dim?: number;
  /**
   * Name of the vector space of all vectors. Default: that of the catalogue or the retriever, if
   * they have one. Two names are an error "dimension": of the options here, of the stored history,
   * or of an import. A history without vectors, or without a name, fits every space.
   */
  space?: string;
  /**
   * Supplies item vectors, and recommendations if there is no `retriever`. Remains the caller's to
   * close.
   */
  catalogue?: Catalogue;
  /** Supplies recommendations. Default: search in the catalogue. */
  retriever?: Retriever;
  /**
   * Looks up the vectors of items that are recorded without one and are not in the catalogue, such
   * as `retriever.vectors` of a vector engine, and those of items to score or rank. Every such item
   * id is sent there, which discloses more of the history than the queries do.
   */
  vectors?: VectorSource;
  /**
   * Where the history is kept. Default: `memoryStore()`, which keeps it until the page is closed.
   */
  store?: Store;
  /** Weight of each kind of action, from 1e-6 to 1e6. Default: {}, every kind has weight 1. */
  kinds?: Record<string, number>;
  /**
   * Maximum number of actions kept, at least 1; the oldest are deleted. They must fit into
   * `memory`, so that a profile never fails for what was recorded: `openSage` rejects "option" if
   * not. Default: 10,000, or as many as fit into `memory` if it is given, else into 512 MiB. The
   * first profile takes O(n^2 dim) time, about 10 ms for 1,000 actions and 1 s for 10,000. Updates
   * after further actions take a tenth of it or less, and keep about 25 bytes per vector component
   * in memory, within the limit of `memory`.
   */
  maxActions?: number;
  /**
   * Maximum age of actions in days, above 0. Older ones are left out on opening and with each
   * change, and deleted from the store by the first change a day later at the latest. Default: no
   * limit.
   */
  maxAgeDays?: number;
  /**
   * Handling of stored bytes that cannot be decoded (damaged, of a newer version, or with vectors
   * of another length). "reject": `openSage` rejects and the store is left unchanged. "set-aside":
   * copy the bytes aside and start empty, if the store has `setAside`; else as "reject". Default:
   * "reject".
   */
  unreadable?: "reject" | "set-aside";
  /**
   * Milliseconds after which a call of the store counts as failed, at least 1. Default: 10,000.
   */
  storeTimeoutMs?: number;
  /** How the history queries the catalogue or retriever. Default: see {@link RetrievalOptions}. */
  retrieval?: RetrievalOptions;
  /** Clock in milliseconds since the epoch, replaceable in tests. Default: `Date.now`. */
  now?: () => number;
}

/** The outcome of {@link Sage.record}. */
export interface RecordResult {
  /** Number of actions recorded. */
  recorded: number;
  /** Number of actions not recorded: older than `maxActions` or `maxAgeDays` keep. */
  dropped: number;
}

/** An action of the history, as returned by {@link Sage.actions}. */
export interface RecordedAction extends Action {
  at: number;
  /** Why the action is left out of the profile, if it is. */
  problem?: string;
}

/**
 * A history of actions and the profile computed from it, opened by {@link openSage}.
 *
 * All instances on one store follow each other: after each write where the store can announce it
 * (`memoryStore`, `indexedDbStore`), with each own change, and, whatever the store, before anything
 * leaves the device or is exported.
 *
 * All methods reject with a SageError: "closed" after `close`, and "option", "not-finite" or
 * "dimension" for invalid arguments. A rejected call changes nothing, except that after "storage"
 * the change stays in memory and is saved, once, by the next change or by `close`.
 */
export interface Sage {
  /**
   * Record actions: all of them, or none if one is invalid. Resolves when they are stored. An empty
   * list does nothing. O(k) writes for k actions, independent of the length of the history.
   *
   * Rejects with code "unknown-item" for an item without a known vector, "retrieval" if the
   * `vectors` option fails, "storage" if saving fails.
   */
  record(action: Action | readonly Action[]): Promise<RecordResult>;
  /**
   * The current interests, as a copy. Computed if the history or the catalogue has changed, else
   * cached: importances decay only when it is computed. Without actions: no interests.
   *
   * With `at`: the profile of the actions until that time (including), with their ages at that
   * time. Equal times give equal profiles while the history is the same; what was forgotten since
   * is missing from the past, too. Nothing is cached: O(n^2 dim) for n actions.
   */
  profile(options?: { at?: TimeInput }): Promise<Profile>;
  /**
   * Items to show next, without items acted on, disliked, hidden or excluded. Without actions the
   * pool of the catalogue (see {@link Reason}); with a retriever none.
   *
   * Rejects with code "option" if there is neither catalogue nor retriever, "retrieval" if the
   * retriever fails, "aborted" if the signal fires.
   */
  recommend(options?: RecommendOptions): Promise<Recommendation[]>;
  /**
   * How items relate to the taste, in their order: those of the catalogue, or any with a vector.
   * O(n dim) for each interest that `recommend` queries and for each of the 100 newest items of the
   * history. No items: no scores. Rejects with code "retrieval" if the `vectors` option fails.
   */
  score(items: readonly ScoredItem[]): Promise<ItemScore[]>;
  /**
   * The items of a list of the caller, reordered by taste: a permutation of their ids. 500 items
   * take about 1 ms. An item without a known vector keeps its place in the list, and so does
   * each item of a user without actions. Items acted on or hidden are ranked like all others;
   * disliked ones, those near them and those of a muted interest come last.
   *
   * Rejects with code "retrieval" if the `vectors` option fails.
   */
  rank(items: readonly ScoredItem[], options?: RankOptions): Promise<ItemId[]>;
  /**
   * The interest an item belongs to, or the most similar one, and the user's most similar items.
   *
   * Rejects with code "not-ready" without interests, "unknown-item" for an item neither acted on
   * nor in the catalogue.
   */
  explain(item: ItemId): Promise<Explanation>;
  /**
   * The messages that `recommend` with the same options would send off the device, byte for byte.
   * Empty if the catalogue answers. (`record` with the `vectors` option sends item ids as well.)
   */
  preview(options?: RecommendOptions): Promise<Outbound[]>;
  /**
   * The history, newest first; ties: the action recorded last first. Vectors only of actions
   * recorded with one. `offset`: actions to skip, default 0; `count`: at most, default 100.
   */
  actions(page?: { offset?: number; count?: number }): Promise<RecordedAction[]>;
  /**
   * Exclude items from all recommendations, until `unhide` or `forget`. Rejects with code
   * "storage".
   */
  hide(items: ItemId | readonly ItemId[]): Promise<void>;
  /** Recommend hidden items again; actions are unchanged. Rejects with code "storage". */
  unhide(items: ItemId | readonly ItemId[]): Promise<void>;
  /** The hidden items, in the order they were hidden. */
  hidden(): Promise<ItemId[]>;
  /**
   * Dislike items: they are not recommended, and items near them come last, until `undislike` or
   * `forget`. Items of the disliked item's interest lose places from a cosine of 0.6 to it on,
   * items of every interest come last from 0.8 on; the order of all others does not change. With a
   * retriever, the last 10 are queried, and only items among their hits are known to be near.
   *
   * A dislike is an action of weight -1: it is stored, exported and limited as actions are, and
   * `record` takes one with other times and weights. It is in no interest. Rejects as `record`.
   */
  dislike(items: ItemId | readonly ItemId[]): Promise<void>;
  /** Deletes the dislikes of items; other actions are unchanged. Rejects with code "storage". */
  undislike(items: ItemId | readonly ItemId[]): Promise<void>;
  /**
   * Recommend no items of an interest, until `boost(interest, 1)`. As `boost` with a factor of 0.
   */
  mute(interest: ItemId | Pick<Interest, "medoid">): Promise<void>;
  /**
   * Multiply the importance of an interest, by a factor from 0 (mute) to 1e6; 1 ends it. The mark
   * is bound to an item, its anchor, so that it survives each new clustering: it applies to the
   * interest that has the anchor, else to the one with the nearest medoid. Of several marks in one
   * interest the last counts. `forget` of the anchor deletes the mark.
   *
   * Rejects with code "unknown-item" for an item neither acted on nor in the catalogue.
   */
  boost(interest: ItemId | Pick<Interest, "medoid">, factor: number): Promise<void>;
  /**
   * Count a showing of items: those that were not acted on come later in the next lists. A showing
   * costs as much as 0.05 of cosine at first, and fades until `ttlDays` (default: 7) are over; more
   * showings cost more. Kept in memory only: never stored, exported or sent.
   */
  shown(items: ItemId | readonly ItemId[], options?: { ttlDays?: number }): Promise<void>;
  /** The main parameters of recommendations with their values, in plain words. */
  parameters(): Promise<Parameter[]>;
  /**
   * Delete all traces of an item (its actions, dislikes and marks), the actions of a time range
   * with both ends included, or everything, all that the store holds. Resolves to the number of
   * deleted actions, 0 if none matches. Rejects with code "storage".
   *
   * An import from any device does not bring back what is forgotten, unless it was recorded again:
   * a tombstone stays for a year. It names an item by a salted hash.
   */
  forget(what: ItemId | { from?: TimeInput; to?: TimeInput } | "everything"): Promise<number>;
  /**
   * The history, the hidden items and the tombstones as bytes for `import`. Equal histories have
   * equal bytes. Catalogue vectors are not included. Rejects with code "storage" if the store
   * cannot be read.
   */
  export(): Promise<Uint8Array>;
  /**
   * Merge an export into the history. The order of imports does not matter, and importing bytes
   * twice changes nothing. Exports of format version 1 have no ids: their actions that are equal in
   * item, time, weight and kind are not duplicated.
   *
   * Rejects with code "corrupt", "version", "dimension" or "storage".
   */
  import(bytes: BytesLike): Promise<void>;
  /**
   * The user's items in two dimensions, one point each: the first two principal components of their
   * vectors, both axes in [-1, 1] on one scale. `interest` is an index into `profile().interests`,
   * or -1 for a dropped singleton. Without actions: empty.
   */
  map(): Promise<{ item: ItemId; x: number; y: number; interest: number }[]>;
  /**
   * Calls `listener` after each change of the history, of dislikes and marks: by this sage, by an
   * import, or by another sage on the store, once it was read; at least once for several changes.
   * Not after `shown`, which must not change a list in view, nor after a change of the catalogue.
   * Returns a function that ends this.
   *
   * The call comes in a microtask, when the methods give the new state, before it is stored. While
   * it has listeners, a sage stays in memory, whatever the memory budget.
   */
  subscribe(listener: () => void): () => void;
  /**
   * Save pending changes, close and release all memory. Rejects with code "storage" with the number
   * of lost operations if saving fails; the sage is closed nevertheless. Idempotent.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link Sage.recommend}. */
export interface RecommendOptions {
  /** Maximum number of recommendations, 1 to 2^32 - 1. Default: 20. */
  count?: number;
  /**
   * Number of recommendations to skip, as for the next page; at least 0. Pages neither overlap nor
   * leave gaps as long as history, marks, options and clock are the same. Default: 0.
   */
  offset?: number;
  /** Maximum number of interests to query, 1 to 2^32 - 1. Default: 10, or 3 with a seed. */
  interests?: number;
  /**
   * "top": the most important interests. A seed (a whole number in [0, 2^53 - 1]): sampled without
   * replacement in proportion to importance, as in PinnerSage; the same seed draws the same
   * interests. Default: "top".
   */
  pick?: "top" | { seed: number };
  /**
   * Weight of the average of the history against the interests, in [0, 1]. From 0.3 down, the
   * interests also lean less to it, and results are more varied. 0: no average is queried; 1: no
   * interests are, so that no item of the history leaves the device. Default: 0.3, or 0 with a
   * seed.
   */
  focus?: number;
  /**
   * Influence of the items' priors (popularity), in [0, 1]: 0 leaves them out and reaches more of
   * the catalogue. Without priors it has no effect. Default: 1.
   */
  popularity?: number;
  /**
   * How unlike each other the items of the list are, in [0, 1], by maximal marginal relevance: the
   * next item is that of the best (1 - diversity) relevance - diversity x (highest cosine to an
   * item before it). 0: by relevance alone; 1: by difference alone. Default: 0.
   */
  diversity?: number;
  /**
   * Above 0, up to 1: items less like the history, and chance; at 1, an item's nearness no longer
   * counts, but importance, popularity and chance do. Below 0, down to -1: items more like it.
   * Default: 0.
   */
  explore?: number;
  /** Seed of the chance of `explore`, a whole number in [0, 2^53 - 1]. Default: 0. */
  exploreSeed?: number;
  /** Minimum `score` of a recommendation, a finite number. Default: none. */
  minScore?: number;
  /**
   * Condition that items must meet: on the attributes of the catalogue, or on the fields of the
   * engine, if the retriever has `withFilter`. Default: none.
   */
  filter?: Filter;
  /**
   * Whether the history counts. If false, the pool of the catalogue (see {@link Reason}), the same
   * for all users but for `exclude` and hidden items; nothing is sent. Default: true.
   */
  personal?: boolean;
  /** Further items not to recommend. Applied on the device, never sent. */
  exclude?: Iterable<ItemId>;
  /** Aborts the call. Passed on to the retriever. */
  signal?: AbortSignal;
}

/** A parameter of recommendations, as returned by {@link Sage.parameters}. */
export interface Parameter {
  /** The name of the option of `recommend`, or of what was marked. */
  name: string;
  /** The default of the option, or the marked items. */
  value: number | readonly ItemId[] | readonly { item: ItemId; factor: number }[];
  /** What it does, in plain words. */
  meaning: string;
}

/** A recommended item and its explanation; a list of them is in display order. */
export interface Recommendation {
  item: ItemId;
  /**
   * Similarity to the query that contributes most to the item's place (an interest's query leans to
   * the average), on the scale of the catalogue (see {@link Hit}) or retriever; 0 for an item of
   * the pool. Lists are not ordered by it.
   */
  score: number;
  because: Reason;
}

/** Why an item is recommended. */
export interface Reason {
  /**
   * What contributes most to the item's place: one interest, the average of the history, or the
   * pool that stands in for a missing history. The pool is "popular" (the items of the
   * highest priors) or, without priors, "diverse" (items that represent the whole catalogue).
   */
  from: "interest" | "history" | "popular" | "diverse";
  /**
   * The medoid of the interest the item belongs to. Absent for items of the pool, and for those of
   * a retriever that only the average found.
   */
  medoid?: ItemId;
  /**
   * The items of that interest most similar to the item, at most 3, each with a cosine of at least
   * 0.3; possibly none. If the catalogue does not have the item, those most similar to the item of
   * the history that retrieved it.
   */
  nearest: ItemId[];
}

/** How an item relates to the interests. */
export interface Explanation {
  /** The interest of the item's last recorded action, else the one with the most similar medoid. */
  interest: Interest;
  /**
   * The items of that interest most similar to the item, at most 5 and without the item itself, by
   * descending `similarity` (cosine, in [0.3, 1]); possibly none. `at`: time of the newest action.
   */
  nearest: { item: ItemId; similarity: number; at: number }[];
}

/**
 * An item to score or to rank: its id, or its id and its vector, which takes precedence over that
 * of the catalogue. Ids may repeat. Items without a known vector are looked up by the
 * `vectors` option if there is one, which sends their ids.
 */
export type ScoredItem = ItemId | { item: ItemId; vector?: VectorLike };

/** Options of {@link Sage.rank}. */
export interface RankOptions {
  /**
   * Share of the taste in the order, in [0, 1]. 0: the given order. 1: by {@link ItemScore.taste}
   * only, ties in the given order. Between: by (1 - taste) x place in the given order + taste x
   * place by taste, so that of two items both orders agree on, the order stays. Default: 1.
   */
  taste?: number;
}

/** How an item relates to the taste. Without a vector or without actions: the neutral values. */
export interface ItemScore {
  item: ItemId;
  /** Whether a vector of the item is known. */
  known: boolean;
  /** The highest cosine to an interest, of those that `recommend` queries. Neutral: 0. */
  similarity: number;
  /**
   * Similarity weighted by importance: ln(sum of w exp(20 cosine)) / 20 over the interests and the
   * average of the history, with their weights w in `recommend`; in [-1, 1]. `rank` orders by it.
   * Dislikes lower it: by 2 for a disliked item, one near it, and one of a muted interest; by less
   * for those less near. Neutral: 0.
   */
  taste: number;
  /**
   * exp(-recency x days since the newest action) of the interest that is most similar, in [0, 1],
   * with {@link RetrievalOptions.recency}. Neutral: 0.
   */
  recency: number;
  /** The prior of the item in the catalogue; 0 if it has none. */
  prior: number;
  /**
   * 1 - the highest cosine to the user's 100 newest items, in [0, 1]: 0 for one of them, 1 for an
   * item unlike all of them. Neutral: 1.
   */
  novelty: number;
}

/** A clustering of the n rows of a matrix. */
export interface Clustering {
  /**
   * Cluster of each row, 0 to `count - 1`, numbered by their first members; -1 for a dropped
   * singleton.
   */
  labels: Int32Array;
  /** Number of clusters. */
  count: number;
  /** Row of each cluster's medoid. */
  medoids: Uint32Array;
  /**
   * n - 1 merges of 4 values [a, b, height, size], by ascending height. Clusters are numbered as in
   * SciPy's `linkage`; heights are squared distances (Lance-Williams), SciPy's are their roots.
   */
  tree: Float64Array;
  /**
   * Height up to which merges were kept; with `cut: "auto"`, the squared distance below which two
   * single rows are one cluster.
   */
  threshold: number;
}
