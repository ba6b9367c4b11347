/**
 * `pocketsage/ranged`: catalogues larger than memory, searched by ranges of their file.
 *
 * @packageDocumentation
 */

export type { CacheState } from "./cache.js";
export type { HttpSourceOptions } from "./http.js";
export { httpSource } from "./http.js";
export { openRanged } from "./open.js";
export type {
  BucketLike,
  BucketObject,
  FileHandleLike,
  RangeSource,
  ReadOptions,
} from "./source.js";
export { blobSource, bucketSource, fileSource } from "./source.js";
export type {
  RangedCatalogue,
  RangedOptions,
  RangedSearchOptions,
  RangedTraffic,
} from "./types.js";
