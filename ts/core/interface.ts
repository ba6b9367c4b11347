/**
 * The Rust core as TypeScript sees it: numbers in, numbers out. src/wasm.rs is the other side.
 *
 * Matrices are row-major, n x dim. Times are milliseconds since the epoch. Everything is stateless but {@link CoreSession} and {@link CoreCatalogue}.
 */

/** Cut, its number, singletons, halfLifeDays, lambda, spread, memory; NaN where nothing was given. `profile_options` in src/wasm.rs reads it. */
export type CoreOptions = Float64Array;

/** Clusters numbered by first member; a label of -1 is a dropped singleton. */
interface CoreClustering {
  labels: Int32Array;
  count: number;
  medoids: Uint32Array;
  tree: Float64Array;
  threshold: number;
}

/** Interests numbered by importance, most important first. */
export interface CoreProfile {
  labels: Int32Array;
  count: number;
  medoids: Uint32Array;
  importance: Float64Array;
  lastActive: Float64Array;
  threshold: number;
}

/** Ranked rows: list q is `rows[ends[q - 1]..ends[q]]`, best first. */
interface CoreMatches {
  rows: Uint32Array;
  scores: Float32Array;
  ends: Uint32Array;
}

/** The actions of one user inside the wasm memory, and what is known of their clusters. */
export interface CoreSession {
  add(vectors: Float32Array, at: Float64Array, weights: Float64Array): void;
  /** Rows in ascending order; those after them move up. */
  forget(rows: Uint32Array): void;
  setWeight(row: number, weight: number): boolean;
  profile(now: number, options: CoreOptions): CoreProfile;
  free(): void;
}

/** What there is to know of a catalogue. `metric` counts cosine, ip, l2; without lists `lists` is 0. */
export interface CoreFacts {
  size: number;
  rows: number;
  dim: number;
  metric: number;
  precision: string;
  spread: number;
  hash: string;
  revision: string;
  byteLength: number;
  lists: number;
  probes: number;
  recall: number;
}

/** Items with ids and vectors inside the wasm memory. Sets of rows are bits, 32 a number. */
export interface CoreCatalogue {
  facts(): CoreFacts;
  toBytes(): Uint8Array;
  /** The bytes of a section as a copy, empty when there is none; the numbers are in ts/catalogue/sections.ts. */
  section(kind: number): Uint8Array;
  row(id: string): number;
  id(row: number): string | undefined;
  vectors(rows: Uint32Array): Float32Array;
  payload(row: number): string | undefined;
  /** Makes searches of many items faster, if they are not already. */
  prepare(): void;
  search(
    queries: Float32Array,
    count: number,
    offset: number,
    minScore: number,
    exclude: Uint32Array,
    allowed: Uint32Array | undefined,
    exact: boolean,
  ): { ids: string; idEnds: Uint32Array; scores: Float32Array; ends: Uint32Array };
  free(): void;
}

/** A catalogue in the making; `finish` and `finishDelta` consume it. `section` replaces one of the same kind. */
export interface CoreBuilder {
  add(
    vectors: Float32Array,
    dim: number,
    ids: Uint8Array,
    idEnds: Uint32Array,
    payloads: Uint8Array,
    payloadEnds: Uint32Array,
  ): void;
  take(from: CoreCatalogue, rows: Uint32Array): void;
  section(kind: number, content: Uint8Array): void;
  finish(): CoreCatalogue;
  finishDelta(): Uint8Array;
  free(): void;
}

/** A file that comes in pieces; `finish` consumes it. */
export interface CoreLoader {
  push(bytes: Uint8Array): boolean;
  finish(): CoreCatalogue;
  free(): void;
}

/** The functions of the generated module. */
export interface Core {
  cluster(
    vectors: Float32Array,
    dim: number,
    weights: Float64Array | undefined,
    options: CoreOptions,
  ): CoreClustering;
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
  pick(importance: Float64Array, count: number, seed: number | undefined): Uint32Array;
  blend(
    keys: Uint32Array,
    scores: Float32Array,
    offsets: Uint32Array,
    weights: Float64Array,
    count: number,
    exclude: Uint32Array,
  ): { keys: Uint32Array; scores: Float32Array; lists: Uint32Array };
  nearest(vectors: Float32Array, dim: number, queries: Float32Array, count: number): CoreMatches;
  project(vectors: Float32Array, dim: number): Float32Array;
  checksum(bytes: Uint8Array): number;
  encodeMedoids(
    count: number,
    ids: Uint8Array,
    idEnds: Uint32Array,
    vectors: Float32Array,
    dim: number,
    precision: number,
  ): Uint8Array;
  decodeMedoids(bytes: Uint8Array): {
    count: number;
    ids: string[];
    vectors: Float32Array;
    dim: number;
  };
  CoreSession: new (dim: number) => CoreSession;
  CoreBuilder: new (dim: number, compact: boolean, metric: number) => CoreBuilder;
  CoreLoader: new (first: Uint8Array) => CoreLoader;
  /** Of a delta, if that is said. */
  CoreCatalogue: { fromBytes(bytes: Uint8Array, delta: boolean): CoreCatalogue };
  /** `restart(true)` asks for a fresh instance, and the call after it gets one. */
  restart(schedule: boolean): void;
}
