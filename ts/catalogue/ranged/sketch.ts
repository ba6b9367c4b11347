/**
 * Sketches of the rows: one bit per dimension, the sign of the row's difference from the centre of
 * its block (RaBitQ without the rotation), and one factor per row.
 *
 * For a query q and a row x = c + r with centre c, the estimate of q x is q c + f q sign(r), where
 * f = r r / (r sign(r)). It is unbiased if the direction of r is independent of q.
 */
import type { BlockTable } from "./format.js";
import { ZERO_CODE } from "./score.js";

/**
 * Share of the unbiased estimate of q r that is kept: 2 / pi minimises the mean squared error for
 * residuals of random directions.
 */
const SHRINKAGE = 2 / Math.PI;
/** Standard error of the estimate, in units of factor x length of the query. */
export const ERROR_PER_FACTOR = Math.sqrt((1 - SHRINKAGE) * SHRINKAGE);

/** Largest difference of a code from that of 0. */
const MAX_CODE = 63;

/** The sketch of a residual, written to `sketch`, and its factor: 0 for a residual of zeros. */
export function sketchResidual(residual: ArrayLike<number>, sketch: Uint8Array): number {
  let squares = 0;
  let magnitudes = 0;
  for (let axis = 0; axis < residual.length; axis += 1) {
    const value = residual[axis]!;
    squares += value * value;
    magnitudes += Math.abs(value);
    if (value > 0) sketch[axis >> 3]! |= 1 << (axis & 7);
  }
  return magnitudes > 0 ? squares / magnitudes : 0;
}

/** The codes of a centre, written to `codes`, and their scale. */
export function encodeCentre(centre: ArrayLike<number>, codes: Uint8Array): number {
  let largest = 0;
  for (let axis = 0; axis < centre.length; axis += 1)
    largest = Math.max(largest, Math.abs(centre[axis]!));
  const scale = Math.fround(largest / MAX_CODE);
  for (let axis = 0; axis < centre.length; axis += 1)
    codes[axis] = ZERO_CODE + (scale > 0 ? Math.round(centre[axis]! / scale) : 0);
  return scale;
}

/**
 * The dot product of the query, rounded to integers of up to 15 bits, and each centre. O(B d).
 * Products of integers take half the time of those of floats, into which each code is converted.
 */
export function centreProducts(table: BlockTable, query: Float32Array): Float32Array {
  const { count, centres, centreScales } = table;
  const dim = query.length;
  const largest = query.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  // The sum of dim products with codes below 128 stays within 32 bits.
  const steps = Math.min(32767, Math.floor(2 ** 31 / (128 * dim)) - 1);
  const scale = largest > 0 ? largest / steps : 0;
  const rounded = Int32Array.from(query, (value) => (scale > 0 ? Math.round(value / scale) : 0));
  // ZERO_CODE x the sum of the query, subtracted from the product of each block.
  const offset = rounded.reduce((sum, value) => sum + value, 0) * ZERO_CODE;
  const products = new Float32Array(count);
  for (let block = 0, at = 0; block < count; block += 1) {
    // Two independent sums: the processor overlaps their additions.
    let even = 0;
    let odd = 0;
    let axis = 0;
    for (; axis + 1 < dim; axis += 2, at += 2) {
      even = (even + Math.imul(rounded[axis]!, centres[at]!)) | 0;
      odd = (odd + Math.imul(rounded[axis + 1]!, centres[at + 1]!)) | 0;
    }
    if (axis < dim) even = (even + Math.imul(rounded[axis]!, centres[at++]!)) | 0;
    products[block] = (even + odd - offset) * scale * centreScales[block]!;
  }
  return products;
}

/** Sums of the query's components by signs: 256 entries for each byte of a sketch. */
export function signSums(query: Float32Array, sketchBytes: number): Float32Array {
  const sums = new Float32Array(sketchBytes * 256);
  for (let byte = 0; byte < sketchBytes; byte += 1) {
    const components = Array.from({ length: 8 }, (_, bit) => query[byte * 8 + bit] ?? 0);
    const base = byte * 256;
    sums[base] = -components.reduce((sum, value) => sum + value, 0);
    for (let bit = 0; bit < 8; bit += 1)
      for (let entry = 1 << bit; entry < 2 << bit; entry += 1)
        sums[base + entry] = sums[base + entry - (1 << bit)]! + 2 * components[bit]!;
  }
  return sums;
}

/** Writes the estimates of the dot products of rows `start` to `end` of a block to `estimates`. */
export function estimateRows(
  table: BlockTable,
  block: number,
  [start, end]: readonly [number, number],
  { sums, centreProduct }: { sums: Float32Array; centreProduct: number },
  estimates: Float32Array,
): void {
  const { sketches, sketchBytes, factors } = table;
  const scale = table.factorScales[block]! * SHRINKAGE;
  for (let row = start, at = start * sketchBytes; row < end; row += 1) {
    let sum = 0;
    for (let entry = 0; entry < sums.length; entry += 256) sum += sums[entry + sketches[at++]!]!;
    estimates[row - start] = centreProduct + scale * factors[row]! * sum;
  }
}
