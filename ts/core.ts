/**
 * The Rust core as TypeScript sees it: numbers in, numbers out. src/wasm.rs is the other side.
 *
 * Matrices are row-major, n x dim. Times are milliseconds since the epoch. Everything is stateless but {@link CoreCatalogue}.
 */
import type { CoreOptions } from "./core-options.js";

/** Clusters numbered by first member; a label of -1 is a dropped singleton. */
interface CoreClustering {
  labels: Int32Array;
  count: number;
  medoids: Uint32Array;
  tree: Float64Array;
  threshold: number;
}

/** Interests numbered by importance, most important first. */
interface CoreProfile {
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
  attributes(): Record<string, boolean>;
  toBytes(): Uint8Array;
  row(id: string): number;
  id(row: number): string | undefined;
  vectors(rows: Uint32Array): Float32Array;
  payload(row: number): string | undefined;
  matchNumbers(attribute: string, numbers: Float64Array): Uint32Array;
  matchBetween(attribute: string, low: number, high: number): Uint32Array;
  matchLabels(attribute: string, labels: Uint8Array, ends: Uint32Array): Uint32Array;
  search(
    queries: Float32Array,
    count: number,
    offset: number,
    minScore: number,
    exclude: Uint32Array,
    allowed: Uint32Array | undefined,
    exact: boolean,
  ): { ids: string; idEnds: Uint32Array; scores: Float32Array; ends: Uint32Array };
  add(others: CoreCatalogue): void;
  remove(ids: Uint8Array, ends: Uint32Array): number;
  compact(): void;
  merge(delta: Uint8Array): void;
  delta(newer: CoreCatalogue, changed: Uint32Array): Uint8Array;
  group(rows: Uint32Array, ends: Uint32Array, centres: CoreCatalogue, probes: number, recall: number): void;
  free(): void;
}

/** A catalogue in the making; `finish` consumes it. */
export interface CoreBuilder {
  add(vectors: Float32Array, dim: number, ids: Uint8Array, idEnds: Uint32Array, payloads: Uint8Array, payloadEnds: Uint32Array): void;
  numbers(name: string, numbers: Float64Array): void;
  labels(name: string, words: Uint8Array, wordEnds: Uint32Array, ends: Uint32Array, labels: Uint32Array): void;
  finish(): CoreCatalogue;
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
  cluster(vectors: Float32Array, dim: number, weights: Float64Array | undefined, options: CoreOptions): CoreClustering;
  profile(vectors: Float32Array, dim: number, at: Float64Array, weights: Float64Array, now: number, options: CoreOptions): CoreProfile;
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
  encodeMedoids(count: number, ids: Uint8Array, idEnds: Uint32Array, vectors: Float32Array, dim: number, precision: number): Uint8Array;
  decodeMedoids(bytes: Uint8Array): { count: number; ids: string[]; vectors: Float32Array; dim: number };
  CoreBuilder: new (dim: number, compact: boolean, metric: number) => CoreBuilder;
  CoreLoader: new (first: Uint8Array) => CoreLoader;
  CoreCatalogue: { fromBytes(bytes: Uint8Array): CoreCatalogue };
  /** `restart(true)` asks for a fresh instance, and the call after it gets one. */
  restart(schedule: boolean): void;
}
