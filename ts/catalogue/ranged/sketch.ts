/**
 * Sketches of the rows: one bit per dimension, the sign of the row's difference from the centre of
 * its block (RaBitQ without the rotation), and one factor per row.
 *
 * For a query q and a row x = c + r with centre c, the estimate of q x is q c + f q sign(r), where
 * f = r r / (r sign(r)). It is unbiased where r has no direction that is special for q.
 */
import type { BlockTable } from "./format.js";

/**
 * Share of the unbiased estimate of q r that is kept: 2 / pi minimises the mean squared error for
 * residuals of random directions.
 */
const SHRINKAGE = 2 / Math.PI;
/** Standard error of the estimate, in units of factor x length of the query. */
export const ERROR_PER_FACTOR = Math.sqrt((1 - SHRINKAGE) * SHRINKAGE);

/** The code of component 0. */
const ZERO_CODE = 64;
/** Largest difference of a code from that of 0. */
const MAX_CODE = 63;

/** The sketch of a residual, written to `sketch`, and its factor: 0 for a residual of zeros. */
export function sketchResidual(residual: ArrayLike<number>, sketch: Uint8Array): number {
  let [squares, magnitudes] = [0, 0];
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

/** The dot product of the query and each centre. O(B d). */
export function centreProducts(table: BlockTable, query: Float32Array): Float32Array {
  const { count, centres, centreScales } = table;
  const dim = query.length;
  const products = new Float32Array(count);
  // Sum of the query's components, so that the code of 0 is subtracted once a block.
  const offset = query.reduce((sum, value) => sum + value, 0) * ZERO_CODE;
  const wide = Float64Array.from(query);
  for (let block = 0, at = 0; block < count; block += 1) {
    let product = -offset;
    for (let axis = 0; axis < dim; axis += 1) product += wide[axis]! * centres[at++]!;
    products[block] = product * centreScales[block]!;
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
