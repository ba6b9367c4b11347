/**
 * Types of the functions and classes that the Rust core exports; src/wasm.rs implements them.
 *
 * Matrices are row-major, n x dim. Times are milliseconds since the epoch. The functions are
 * stateless; {@link CoreSession}, {@link CoreCatalogue}, {@link CoreBuilder} and {@link CoreLoader}
 * hold state in the wasm memory, and are freed by `free` or by the method that consumes them.
 *
 * Arrays called `ends` delimit the parts of a concatenated array `joined`: part i is
 * `joined[ends[i - 1]..ends[i]]`, where `ends[-1]` counts as 0.
 */

/**
 * Profile options as seven numbers, decoded by `profile_options` in src/wasm.rs: kind of cut, value
 * of the cut, singletons, halfLifeDays, lambda, spread, memory. NaN means not given.
 */
export type CoreOptions = Float64Array;

/** Clusters, numbered by their lowest row. See `Clustering` in ts/sage/types.ts. */
interface CoreClustering {
  /** Cluster of each row; -1 for a dropped singleton. */
  labels: Int32Array;
  count: number;
  medoids: Uint32Array;
  tree: Float64Array;
  threshold: number;
}

/** Interests, numbered by descending importance. */
export interface CoreProfile {
  /** Interest of each action; -1 for a dropped singleton. */
  labels: Int32Array;
  count: number;
  /** Row of each interest's medoid. */
  medoids: Uint32Array;
  /** Importance of each interest, in [0, 1]; they sum to 1. */
  importance: Float64Array;
  lastActive: Float64Array;
  threshold: number;
}

/** The queries of a history: narrower interests, numbered by descending importance. */
export interface CoreRetrieval {
  /** Interest of each action; -1 for a dropped singleton. */
  labels: Int32Array;
  /** Row of the action nearest to each interest's centre. */
  members: Uint32Array;
  /** Importance of each interest, in [0, 1]; they sum to 1. */
  importance: Float64Array;
  /** Time-weighted mean of each interest: an interests x dim matrix. */
  centres: Float32Array;
  /** Time-weighted mean of all actions; empty without actions. */
  average: Float32Array;
}

/** One list of rows per query, best first, delimited by `ends`. */
type CoreRankedRows = [rows: Uint32Array, scores: Float32Array, ends: Uint32Array];

/**
 * The actions of one user and their Ward tree, which is updated as actions are added and removed.
 */
export interface CoreSession {
  /** Appends actions: an n x dim matrix, n times, n weights. */
  add(vectors: Float32Array, at: Float64Array, weights: Float64Array): void;
  /** Removes rows, given in ascending order; later rows move up to close the gaps. */
  forget(rows: Uint32Array): void;
  /** Sets the weight of a row; false if there is no such row. */
  setWeight(row: number, weight: number): boolean;
  profile(now: number, options: CoreOptions): CoreProfile;
  /** `recency`, `averageRecency`: decay per day of centres, and of the average. */
  retrieval(
    now: number,
    options: CoreOptions,
    recency: number,
    averageRecency: number,
  ): CoreRetrieval;
  free(): void;
}

/** Properties of a catalogue; ts/catalogue/facts.ts has their meanings. */
type CoreFacts = [
  size: number,
  rows: number,
  dim: number,
  metric: number,
  precision: number,
  lists: number,
  probes: number,
  recall: number,
  spread: number,
  hashHigh: number,
  hashLow: number,
  revisionHigh: number,
  revisionLow: number,
];

/** Items with ids and vectors. In a bitset of rows, row r is bit r % 32 of word r / 32. */
export interface CoreCatalogue {
  facts(): CoreFacts;
  toBytes(): Uint8Array;
  /** A copy of a section's bytes, empty if absent. ts/catalogue/sections.ts lists the kinds. */
  section(kind: number): Uint8Array;
  /** The row of an id; -1 if it is unknown. */
  row(id: string): number;
  /** The id of a row; undefined for a removed item. */
  id(row: number): string | undefined;
  vectors(rows: Uint32Array): Float32Array;
  payload(row: number): string | undefined;
  /** The scores of m queries for k rows: m x k. */
  scores(queries: Float32Array, rows: Uint32Array): Float32Array;
  /**
   * One list of hits per query: the ids concatenated and delimited by `idEnds` in UTF-16 units, one
   * row and one score per id, and the lists delimited by `ends`. `minScore`: NaN for none.
   * `exclude`: rows. `allowed`: a bitset of rows, undefined for all. `prepare`: whether to compute
   * the sketches, which make searches of many items faster, if there are none.
   */
  search(
    queries: Float32Array,
    count: number,
    offset: number,
    minScore: number,
    exclude: Uint32Array,
    allowed: Uint32Array | undefined,
    exact: boolean,
    prepare: boolean,
  ): [...CoreRankedRows, ids: string, idEnds: Uint32Array];
  free(): void;
}

/** Builds a catalogue. `finish` and `finishDelta` consume the builder. */
export interface CoreBuilder {
  /** Appends items: an n x dim matrix, n ids, n payloads (JSON text, empty for none) as UTF-8. */
  add(
    vectors: Float32Array,
    dim: number,
    ids: Uint8Array,
    idEnds: Uint32Array,
    payloads: Uint8Array,
    payloadEnds: Uint32Array,
  ): void;
  /** Appends rows of another catalogue without decoding their vectors. */
  addRows(from: CoreCatalogue, rows: Uint32Array): void;
  /** Sets a section; a second one of the same kind replaces the first. */
  section(kind: number, content: Uint8Array): void;
  finish(): CoreCatalogue;
  /** The bytes of a delta (docs/format.md). */
  finishDelta(): Uint8Array;
  free(): void;
}

/** Reads a catalogue from consecutive parts of its file. `finish` consumes the loader. */
export interface CoreLoader {
  /** Appends bytes; false if there are then more than the file length in the header. */
  push(bytes: Uint8Array): boolean;
  /** A copy of the bytes appended so far. */
  toBytes(): Uint8Array;
  finish(): CoreCatalogue;
  free(): void;
}

/** The exports of the generated module. */
export interface Core {
  /** Ward clustering with cut, singletons and medoids. */
  cluster(
    vectors: Float32Array,
    dim: number,
    weights: Float64Array | undefined,
    options: CoreOptions,
  ): CoreClustering;
  /** The tree of `cluster`. Of the options, it reads `memory` only. */
  ward(
    vectors: Float32Array,
    dim: number,
    weights: Float64Array | undefined,
    options: CoreOptions,
  ): Float64Array;
  profile(
    vectors: Float32Array,
    dim: number,
    at: Float64Array,
    weights: Float64Array,
    now: number,
    options: CoreOptions,
  ): CoreProfile;
  /** The interests to query: the `count` most important or, with a seed, a sample. */
  pick(importance: Float64Array, count: number, seed: number | undefined): Uint32Array;
  /**
   * Mixes ranked lists; list l is `keys[offsets[l]..offsets[l + 1]]`. `priors`: one per hit,
   * or empty for none. `lean`: how far interests lean towards the query of the first list.
   * `lengths`: of the leaned query of each list; 0 for a list of no interest. Returns the `count`
   * items of the greatest shares, n x 6: the key, the score in the list that contributes most, that
   * list, and the share; the list of the nearest interest (-1: none) and the score there.
   */
  mix(
    keys: Uint32Array,
    scores: Float32Array,
    priors: Float32Array,
    offsets: Uint32Array,
    weights: Float64Array,
    popularity: number,
    standardise: boolean,
    count: number,
    lean: number,
    lengths: Float64Array,
  ): Float64Array;
  /** The `count` rows of highest cosine for each query. */
  nearest(vectors: Float32Array, dim: number, queries: Float32Array, count: number): CoreRankedRows;
  /** The first two principal components: n x 2, in [-1, 1]. */
  project(vectors: Float32Array, dim: number): Float32Array;
  /** The constants of src/limits.rs, in their order there. */
  limits(): Float64Array;
  /** Minimum memory for clustering, in bytes per action with a vector of `dim` components. */
  bytesPerAction(dim: number): number;
  /** The low 32 bits of XXH64. */
  checksum(bytes: Uint8Array): number;
  CoreSession: new (dim: number) => CoreSession;
  /** `compact`: whether a component takes 1 byte, not 2. `metric`: an index of METRICS. */
  CoreBuilder: new (
    dim: number,
    compact: boolean,
    metric: number,
  ) => CoreBuilder;
  /** `first`: at least the first 64 bytes of the file. They must be passed to `push` as well. */
  CoreLoader: new (
    first: Uint8Array,
  ) => CoreLoader;
  /** `delta`: whether the bytes are a delta (docs/format.md), not a whole catalogue. */
  CoreCatalogue: { fromBytes(bytes: Uint8Array, delta: boolean): CoreCatalogue };
}
