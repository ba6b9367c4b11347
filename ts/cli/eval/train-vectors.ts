/**
 * Item vectors from actions: positive pointwise mutual information (PPMI) of items in the same
 * histories, reduced by a truncated eigendecomposition (Levy and Goldberg 2014). Deterministic.
 */
import { InputError } from "../command-error.js";
import { openRandom } from "../random.js";
import type { ActionLog } from "./action-log.js";
import { type ItemVectors, toUnitLength } from "./item-vectors.js";

/** Components of a trained vector. */
const DIM = 128;
/**
 * Two items of a history count as a pair up to this many actions apart. Measured on film ratings:
 * a window of 10 or 50 actions finds half of the hidden items that 200 find.
 */
const WINDOW = 200;
/** Maximum number of distinct pairs: a Map holds 2^24 entries. */
const MAX_PAIRS = 2 ** 24 - 1;
/** Additional columns of the subspace iteration, for accuracy, and its number of rounds. */
const OVERSAMPLING = 16;
const ROUNDS = 6;

/** A symmetric sparse matrix by rows (CSR). */
interface SparseMatrix {
  readonly size: number;
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

/**
 * One vector for each item with train actions that shares a history with another; `isTrain` is 1
 * for those actions of the log. At most 128 dimensions. O(pairs dim) time; memory for the pairs.
 */
export function trainVectors(
  log: ActionLog,
  isTrain: Uint8Array,
  seed: number,
  onShare: (share: number) => void,
): ItemVectors {
  const { items } = log;
  const matrix = ppmi(countPairs(log, isTrain), items.length);
  const ids: string[] = [];
  const usedItems: number[] = [];
  for (let item = 0; item < items.length; item += 1)
    if (matrix.offsets[item + 1]! > matrix.offsets[item]!) {
      usedItems.push(item);
      ids.push(items[item]!);
    }
  if (usedItems.length < 2)
    throw new InputError(
      "The actions give no vectors: no two items share a history. Give vectors that another " +
        "program made.",
    );
  const dim = Math.min(DIM, usedItems.length);
  const allVectors = eigenvectors(matrix, dim, seed, onShare);
  const values = new Float32Array(usedItems.length * dim);
  for (const [row, item] of usedItems.entries())
    values.set(allVectors.subarray(item * dim, (item + 1) * dim), row * dim);
  return { ids, values: toUnitLength(values, dim), dim };
}

/** How often each pair of items is at most WINDOW actions apart; key: a * 2^26 + b with a < b. */
function countPairs({ offsets, item }: ActionLog, isTrain: Uint8Array): Map<number, number> {
  const counts = new Map<number, number>();
  const countPair = (a: number, b: number): void => {
    const key = Math.min(a, b) * PAIR_BASE + Math.max(a, b);
    const count = counts.get(key) ?? 0;
    if (count === 0 && counts.size === MAX_PAIRS)
      throw new InputError(
        `The actions give no vectors: more than ${MAX_PAIRS} pairs of items share a history. ` +
          "Give vectors that another program made.",
      );
    counts.set(key, count + 1);
  };
  for (let user = 0; user + 1 < offsets.length; user += 1) {
    const begin = offsets[user]!;
    const items = item
      .subarray(begin, offsets[user + 1])
      .filter((_, index) => isTrain[begin + index] === 1);
    for (let first = 0; first < items.length; first += 1) {
      const last = Math.min(items.length - 1, first + WINDOW);
      for (let second = first + 1; second <= last; second += 1)
        if (items[first] !== items[second]) countPair(items[first]!, items[second]!);
    }
  }
  return counts;
}

const PAIR_BASE = 2 ** 26;

/** The positive log ratios of pair counts to those of independent items. */
function ppmi(counts: ReadonlyMap<number, number>, size: number): SparseMatrix {
  const degree = new Float64Array(size);
  let total = 0;
  const pairs = Array.from(counts, ([key, count]) => {
    const low = Math.floor(key / PAIR_BASE);
    const high = key % PAIR_BASE;
    degree[low]! += count;
    degree[high]! += count;
    total += 2 * count;
    return { low, high, count };
  });
  const offsets = new Uint32Array(size + 1);
  const positive = pairs
    .map(({ low, high, count }) => ({
      low,
      high,
      value: Math.log((count * total) / (degree[low]! * degree[high]!)),
    }))
    .filter(({ value }) => value > 0);
  for (const { low, high } of positive) {
    offsets[low + 1]! += 1;
    offsets[high + 1]! += 1;
  }
  for (let row = 0; row < size; row += 1) offsets[row + 1]! += offsets[row]!;
  const next = offsets.slice(0, size);
  const columns = new Uint32Array(offsets[size]!);
  const values = new Float32Array(offsets[size]!);
  const add = (row: number, column: number, value: number): void => {
    const position = next[row]!;
    next[row] = position + 1;
    columns[position] = column;
    values[position] = value;
  };
  for (const { low, high, value } of positive) {
    add(low, high, value);
    add(high, low, value);
  }
  return { size, offsets, columns, values };
}

/**
 * The eigenvectors with the greatest absolute eigenvalues, each times the root of that value, as a
 * row-major size x dim matrix: randomized subspace iteration and a Rayleigh-Ritz step.
 */
function eigenvectors(
  matrix: SparseMatrix,
  dim: number,
  seed: number,
  onShare: (share: number) => void,
): Float32Array {
  const { size } = matrix;
  const width = Math.min(dim + OVERSAMPLING, size);
  const random = openRandom(seed);
  let basis: Float64Array = Float64Array.from({ length: size * width }, () => random.next() - 0.5);
  for (let round = 0; round < ROUNDS; round += 1) {
    basis = multiply(matrix, basis, width);
    orthonormalise(basis, size, width);
    onShare((round + 1) / (ROUNDS + 1));
  }
  const image = multiply(matrix, basis, width);
  const small = new Float64Array(width * width);
  for (let row = 0; row < size; row += 1)
    for (let a = 0; a < width; a += 1) {
      const value = basis[row * width + a]!;
      if (value === 0) continue;
      for (let b = 0; b < width; b += 1) small[a * width + b]! += value * image[row * width + b]!;
    }
  const { values, vectors } = jacobi(small, width);
  const order = Array.from(values.keys())
    .sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!))
    .slice(0, dim);
  const result = new Float32Array(size * dim);
  for (let row = 0; row < size; row += 1)
    for (const [axis, index] of order.entries()) {
      let sum = 0;
      for (let column = 0; column < width; column += 1)
        sum += basis[row * width + column]! * vectors[column * width + index]!;
      result[row * dim + axis] = sum * Math.sqrt(Math.abs(values[index]!));
    }
  onShare(1);
  return result;
}

function multiply(matrix: SparseMatrix, dense: Float64Array, width: number): Float64Array {
  const { size, offsets, columns, values } = matrix;
  const product = new Float64Array(size * width);
  for (let row = 0; row < size; row += 1)
    for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry += 1) {
      const start = columns[entry]! * width;
      const value = values[entry]!;
      for (let axis = 0; axis < width; axis += 1)
        product[row * width + axis]! += value * dense[start + axis]!;
    }
  return product;
}

/** Modified Gram-Schmidt of the columns of a row-major matrix, in place; null columns become 0. */
function orthonormalise(matrix: Float64Array, rows: number, width: number): void {
  const columns = Array.from({ length: width }, (_, axis) =>
    Float64Array.from({ length: rows }, (_, row) => matrix[row * width + axis]!),
  );
  for (const [axis, column] of columns.entries()) {
    const lengthBefore = Math.sqrt(dot(column, column));
    for (const earlier of columns.slice(0, axis)) {
      const share = dot(column, earlier);
      for (let row = 0; row < rows; row += 1) column[row]! -= share * earlier[row]!;
    }
    const length = Math.sqrt(dot(column, column));
    const scale = length > 1e-10 * lengthBefore ? 1 / length : 0;
    for (let row = 0; row < rows; row += 1) {
      column[row]! *= scale;
      matrix[row * width + axis] = column[row]!;
    }
  }
}

/** Eigenvalues and eigenvectors (columns) of a symmetric matrix by cyclic Jacobi rotations. */
function jacobi(
  matrix: Float64Array,
  size: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let index = 0; index < size; index += 1) vectors[index * size + index] = 1;
  for (let sweep = 0; sweep < 30; sweep += 1) {
    let off = 0;
    let diagonal = 0;
    for (let p = 0; p < size; p += 1) {
      diagonal += a[p * size + p]! ** 2;
      for (let q = p + 1; q < size; q += 1) off += a[p * size + q]! ** 2;
    }
    if (off <= 1e-20 * diagonal) break;
    for (let p = 0; p < size; p += 1)
      for (let q = p + 1; q < size; q += 1) rotate(a, vectors, size, p, q);
  }
  return {
    values: Float64Array.from({ length: size }, (_, index) => a[index * size + index]!),
    vectors,
  };
}

/** The rotation that makes a[p][q] zero. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!;
  if (apq === 0) return;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const rotatePair = (values: Float64Array, i: number, j: number): void => {
    const x = values[i]!;
    const y = values[j]!;
    values[i] = c * x - s * y;
    values[j] = s * x + c * y;
  };
  for (let k = 0; k < size; k += 1) rotatePair(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k += 1) rotatePair(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k += 1) rotatePair(vectors, k * size + p, k * size + q);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}
