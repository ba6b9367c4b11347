/** Random whole numbers from the platform's generator. No floating point: thresholds are exact. */
import { SageError } from "../errors.js";

/** Exclusive upper limit of drawn numbers: 6 random bytes. */
export const DRAW_RANGE = 2 ** 48;
const BYTES_PER_DRAW = 6;
/** Bytes per call of getRandomValues, which has a limit of 65,536. */
const MAX_BYTES_PER_CALL = 65_536;

/** A source of uniform random whole numbers; tests enumerate all of its outcomes. */
export interface Draw {
  /** A uniform number from 0 to bound - 1; `bound` is from 1 to 2^48. */
  below(bound: number): number;
}

/** Uniform random bytes. Throws code "not-ready" without a cryptographic generator. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  try {
    for (let start = 0; start < length; start += MAX_BYTES_PER_CALL)
      globalThis.crypto.getRandomValues(bytes.subarray(start, start + MAX_BYTES_PER_CALL));
  } catch (cause) {
    throw new SageError(
      "not-ready",
      "No cryptographic randomness: crypto.getRandomValues failed. Nothing was sent.",
      { cause },
    );
  }
  return bytes;
}

/** Draws by rejection: every number below the bound has the same probability. */
export const secureDraw: Draw = {
  below(bound) {
    const limit = DRAW_RANGE - (DRAW_RANGE % bound);
    for (;;) {
      const number = randomBytes(BYTES_PER_DRAW).reduce((sum, byte) => sum * 256 + byte, 0);
      if (number < limit) return number % bound;
    }
  },
};

/** `count` different numbers from 0 to bound - 1 in random order, uniform over all of them. */
export function drawDistinct(bound: number, count: number, draw: Draw): number[] {
  // A sparse Fisher-Yates shuffle: only moved places are stored.
  const movedPlaces = new Map<number, number>();
  return Array.from({ length: count }, (_, index) => {
    const place = index + draw.below(bound - index);
    const drawnNumber = movedPlaces.get(place) ?? place;
    movedPlaces.set(place, movedPlaces.get(index) ?? index);
    return drawnNumber;
  });
}

/** The elements in a uniform random order. */
export function shuffle<T>(list: readonly T[], draw: Draw): T[] {
  return drawDistinct(list.length, list.length, draw).map((index) => list[index]!);
}
