/**
 * Learns a text tower: ridge regression from the features of the items' texts to the coordinates of
 * their vectors along the principal axes, solved by conjugate gradients. Equal input gives equal
 * bytes.
 */
import { MAX_CODE, MAX_FACTOR, type Tower } from "../../text/tower.js";
import { drawSample } from "../random.js";
import type { FileItem } from "../read/item-file.js";
import { computeAxes } from "./reduce.js";
import { buildTextMatrix, multiply, multiplyTransposed, type TextMatrix } from "./text-matrix.js";

/** Maximum number of axes of the low-rank space. */
const MAX_RANK = 128;
/** Weight of the squared norm of the coefficients; rows of the matrix have unit length. */
const RIDGE = 0.3;
/** Items from which a tower is learned; more are sampled. */
const MAX_TRAINING_ITEMS = 20_000;
const MAX_ITERATIONS = 24;
/** Iterations for a column end once its squared residual is this share of the first one. */
const TOLERANCE = 1e-4;
/** Right-hand sides solved at a time, so that their vectors stay in the processor's cache. */
const COLUMNS_PER_BLOCK = 16;

/** A text and the vector that it shall have. */
export interface TextExample {
  readonly text: string;
  readonly vector: Float32Array;
}

/**
 * Learns a tower for the fields. Zero vectors and empty texts are left out; undefined without any
 * other example. `onProgress` receives the share that is done.
 */
export function learnTower(
  examples: readonly TextExample[],
  fields: readonly string[],
  onProgress: (share: number) => void,
): Tower | undefined {
  const usable = examples
    .map(({ text, vector }) => ({ text, vector: toUnit(vector) }))
    .filter(({ text, vector }) => text.trim() !== "" && vector.some((value) => value !== 0));
  const sample = drawSample(usable, MAX_TRAINING_ITEMS);
  if (sample.length === 0) return undefined;
  const matrix = buildTextMatrix(sample.map(({ text }) => text));
  if (matrix.hashes.length === 0) return undefined;
  const dim = sample[0]!.vector.length;
  const rank = Math.min(MAX_RANK, dim);
  const items = sample.map(({ vector }, row): FileItem => [String(row), vector]);
  const axes = computeAxes(items, rank, "ip", (share) => onProgress(0.3 * share)).values;
  const coefficients = solveRidge(matrix, items, axes, rank, (share) =>
    onProgress(0.3 + 0.7 * share),
  );
  return {
    dim,
    rank,
    fields,
    hashes: matrix.hashes,
    ...quantize(matrix, coefficients, axes, rank),
  };
}

/**
 * Columns x rank coefficients. Per block of right-hand sides, conjugate gradients on
 * (X X^T + ridge I) a = y, then X^T a.
 */
function solveRidge(
  matrix: TextMatrix,
  items: readonly FileItem[],
  axes: Float32Array,
  rank: number,
  onProgress: (share: number) => void,
): Float64Array {
  const features = matrix.hashes.length;
  const coefficients = new Float64Array(features * rank);
  for (let start = 0; start < rank; start += COLUMNS_PER_BLOCK) {
    const width = Math.min(COLUMNS_PER_BLOCK, rank - start);
    const targets = new Float64Array(matrix.rows * width);
    items.forEach(([, vector], row) => {
      for (let k = 0; k < width; k += 1) {
        const axis = (start + k) * vector.length;
        let sum = 0;
        for (let i = 0; i < vector.length; i += 1) sum += vector[i]! * axes[axis + i]!;
        targets[row * width + k] = sum;
      }
    });
    const product = new Float64Array(features * width);
    multiplyTransposed(matrix, conjugateGradients(matrix, targets, width), width, product);
    for (let feature = 0; feature < features; feature += 1)
      for (let k = 0; k < width; k += 1)
        coefficients[feature * rank + start + k] = product[feature * width + k]!;
    onProgress((start + width) / rank);
  }
  return coefficients;
}

/** The solutions of (X X^T + ridge I) a = targets, rows x width. */
function conjugateGradients(
  matrix: TextMatrix,
  targets: Float64Array,
  width: number,
): Float64Array {
  const solution = new Float64Array(targets.length);
  const residual = targets.slice();
  const direction = targets.slice();
  const image = new Float64Array(targets.length);
  const features = new Float64Array(matrix.hashes.length * width);
  let squares = columnProducts(residual, residual, width);
  const limits = squares.map((square) => square * TOLERANCE);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration += 1) {
    if (squares.every((square, k) => square <= limits[k]!)) break;
    multiplyTransposed(matrix, direction, width, features);
    multiply(matrix, features, width, image);
    for (let i = 0; i < image.length; i += 1) image[i]! += RIDGE * direction[i]!;
    const curvatures = columnProducts(direction, image, width);
    const steps = squares.map((square, k) => (curvatures[k]! > 0 ? square / curvatures[k]! : 0));
    for (let i = 0; i < solution.length; i += 1) {
      solution[i]! += steps[i % width]! * direction[i]!;
      residual[i]! -= steps[i % width]! * image[i]!;
    }
    const next = columnProducts(residual, residual, width);
    const ratios = next.map((square, k) => (squares[k]! > 0 ? square / squares[k]! : 0));
    for (let i = 0; i < direction.length; i += 1)
      direction[i] = residual[i]! + ratios[i % width]! * direction[i]!;
    squares = next;
  }
  return solution;
}

/** The inner product of each pair of columns. */
function columnProducts(a: Float64Array, b: Float64Array, width: number): Float64Array {
  const products = new Float64Array(width);
  for (let i = 0; i < a.length; i += 1) products[i % width]! += a[i]! * b[i]!;
  return products;
}

/** Candidates for the value of the largest code, as shares of the row's largest coefficient. */
const CODE_RANGES = [1, 0.9, 0.8, 0.7, 0.6] as const;

/** Rows as 4-bit codes with one factor each, axes as 8-bit codes with one scale for all. */
function quantize(
  { idf, hashes }: TextMatrix,
  coefficients: Float64Array,
  axes: Float32Array,
  rank: number,
): Pick<Tower, "factors" | "codes" | "axes"> {
  const codes = new Int8Array(coefficients.length);
  const units = Float64Array.from(hashes, (_, row) => {
    const values = coefficients.subarray(row * rank, (row + 1) * rank);
    return quantizeRow(values, codes.subarray(row * rank, (row + 1) * rank));
  });
  const scales = units.map((unit, row) => unit * idf[row]!);
  const largest = scales.reduce((max, scale) => Math.max(max, scale), 0);
  const factors = Uint16Array.from(scales, (scale) =>
    largest > 0 ? Math.round((scale / largest) * MAX_FACTOR) : 0,
  );
  const largestAxis = axes.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const axisCodes = Int8Array.from(axes, (value) => Math.round((value / largestAxis) * 127));
  return { factors, codes, axes: axisCodes };
}

/** Writes the codes with the least squared error among CODE_RANGES; returns the value of code 1. */
function quantizeRow(values: Float64Array, codes: Int8Array): number {
  const max = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  if (max === 0) return 0;
  let bestUnit = 0;
  let bestError = Infinity;
  for (const range of CODE_RANGES) {
    const unit = (max * range) / MAX_CODE;
    let error = 0;
    for (const value of values) error += (value - unit * codeOf(value, unit)) ** 2;
    if (error < bestError) {
      bestUnit = unit;
      bestError = error;
    }
  }
  values.forEach((value, k) => {
    codes[k] = codeOf(value, bestUnit);
  });
  return bestUnit;
}

function codeOf(value: number, unit: number): number {
  return Math.max(-MAX_CODE, Math.min(MAX_CODE, Math.round(value / unit)));
}

function toUnit(vector: Float32Array): Float32Array {
  let square = 0;
  for (const value of vector) square += value * value;
  const norm = Math.sqrt(square) || 1;
  return vector.map((value) => value / norm);
}
