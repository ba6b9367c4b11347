/**
 * Limits of argument values. All but the last two equal the constants of src/limits.rs; they are
 * repeated here for code that runs before the wasm is loaded, such as the schemas of edge/. A test
 * compares them with the core's `limits()`.
 */

/** Limits of argument values, checked where they enter the package. The limits are inclusive. */
export const LIMITS = {
  /** Smallest weight of an action or row. */
  minWeight: 1e-6,
  /** Largest weight of an action or row. */
  maxWeight: 1e6,
  /** Maximum number of components of a vector. */
  maxDim: 32_768,
  /** Maximum length of an item id, in bytes of UTF-8. */
  maxIdBytes: 65_535,
  /** Largest magnitude of a vector component in a catalogue with the metric "ip" or "l2". */
  maxComponent: 1e15,
  /** Largest prior of an item. */
  maxPrior: 1e15,
  /** Default of the option `memory` in bytes, unless `maxActions` actions need more. */
  defaultMemory: 128 * 2 ** 20,
  /** Largest whole number that an option accepts: the largest u32. */
  maxCount: 2 ** 32 - 1,
  /**
   * Maximum length of the name of a vector space, in UTF-16 units: at most 512 bytes of UTF-8, so
   * that it fits into a message of compact medoids (src/wire.rs).
   */
  maxSpaceCharacters: 128,
} as const;

/** Limits of a message that `encodeMedoids` (in `pocketsage/remote`) encodes. */
export const MESSAGE_LIMITS = {
  /** Maximum number of medoids. */
  maxMedoids: 64,
  /** Maximum number of hits per medoid. */
  maxHits: 10_000,
  /** Maximum length of an item id, in bytes of UTF-8. */
  maxIdBytes: 512,
} as const;

/** Maximum delay of a timer, in milliseconds: JavaScript runs longer ones at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
