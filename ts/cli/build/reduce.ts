/**
 * Fewer dimensions (`--dims`): a linear map that preserves most of the similarity of the items,
 * either their principal axes or the first components of vectors from a Matryoshka model.
 */
import type { Metric } from "../../catalogue/options.js";
import { drawSample, openRandom } from "../random.js";
import type { FileItem } from "../read/item-file.js";

/** Items from which the axes are computed; a larger file is sampled. */
const MAX_SAMPLE_ITEMS = 8192;
/** Largest dimension of vectors whose axes are computed: the moments take 8 dim^2 bytes. */
export const MAX_DIM_FOR_AXES = 4096;
/** Directions computed beyond the stored ones, so that the last of those converge. */
const EXTRA_DIRECTIONS = 12;
const ITERATIONS = 24;
/** Rows of the second-moment matrix between two reports of progress. */
const ROWS_PER_REPORT = 64;

/** The map y = axes (x - mean), where x has unit length with the metric "cosine". */
export interface Axes {
  readonly dims: number;
  readonly dim: number;
  readonly metric: Metric;
  /** Orthonormal directions, one row each: `dims` x `dim`, row-major. */
  readonly values: Float32Array;
  /** `dims` numbers, axes x -mean; zeros with the metric "ip". */
  readonly offsets: Float32Array;
}

/**
 * The principal axes of the vectors: the directions of greatest variance, greatest first.
 *
 * With "l2" the shift by the mean changes nothing. With "cosine" it removes what all vectors have
 * in common: if it were kept, the axes that are left out would make all cosines greater, and
 * unlike items one interest. With "ip" there is no shift, because products would change by item,
 * and the axes are those of the second moments about zero.
 *
 * Orthogonal iteration on the dim x dim matrix of moments: O(min(n, 8192) dim^2 + dim^2 dims) time.
 * The start is fixed, so equal items give equal axes. `dims` is at most `dim`.
 */
export function computeAxes(
  items: readonly FileItem[],
  dims: number,
  metric: Metric,
  onProgress: (share: number) => void,
): Axes {
  const dim = items[0]![1].length;
  const sample = drawSample(items, MAX_SAMPLE_ITEMS).map(([, vector]) => vector);
  const mean = meanOf(sample, dim, metric);
  const moments = secondMoments(sample, mean, metric, (share) => onProgress(share / 2));
  const count = Math.min(dim, dims + EXTRA_DIRECTIONS);
  const random = openRandom(1);
  let directions: Float64Array[] = Array.from({ length: count }, () =>
    Float64Array.from({ length: dim }, () => random.next() - 0.5),
  );
  orthonormalise(directions);
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    directions = directions.map((direction) => multiply(moments, direction));
    orthonormalise(directions);
    onProgress(0.5 + (iteration + 1) / ITERATIONS / 2);
  }
  const values = new Float32Array(dims * dim);
  const offsets = new Float32Array(dims);
  for (let axis = 0; axis < dims; axis += 1) {
    values.set(directions[axis]!, axis * dim);
    offsets[axis] = -mean.reduce((sum, value, k) => sum + value * directions[axis]![k]!, 0);
  }
  return { dims, dim, metric, values, offsets };
}

/** The coordinates of a vector along the axes. A zero vector stays one with "cosine". */
export function reduceVector(axes: Axes, vector: Float32Array): Float32Array {
  const { dims, dim, metric, values, offsets } = axes;
  const reduced = new Float32Array(dims);
  const scale = scaleOf(vector, metric);
  if (scale === 0) return reduced;
  for (let axis = 0; axis < dims; axis += 1) {
    const start = axis * dim;
    let sum = 0;
    for (let k = 0; k < dim; k += 1) sum += values[start + k]! * vector[k]!;
    reduced[axis] = sum * scale + offsets[axis]!;
  }
  return reduced;
}

/** A .npy file of float32, dims x (dim + 1): the axes, and the offsets as the last column. */
export function axesToNpy({ dims, dim, values, offsets }: Axes): Uint8Array {
  const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}, ${dim + 1}), }`;
  const prefixBytes = 10; // magic, version, and the length of the header
  const length = Math.ceil((prefixBytes + shape.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, " ");
  header.write("\x93NUMPY\x01\x00", "latin1");
  header.writeUInt16LE(length - prefixBytes, 8);
  header.write(shape, prefixBytes, "latin1");
  header.write("\n", length - 1, "latin1");
  const components = Buffer.alloc(4 * dims * (dim + 1));
  for (let axis = 0; axis < dims; axis += 1) {
    const row = [...values.subarray(axis * dim, (axis + 1) * dim), offsets[axis]!];
    for (const [index, value] of row.entries())
      components.writeFloatLE(value, 4 * (axis * (dim + 1) + index));
  }
  return Buffer.concat([header, components]);
}

/** The mean of the vectors, which {@link computeAxes} subtracts; zeros with "ip". */
function meanOf(sample: readonly Float32Array[], dim: number, metric: Metric): Float64Array {
  const mean = new Float64Array(dim);
  if (metric === "ip") return mean;
  for (const vector of sample) {
    const share = scaleOf(vector, metric) / sample.length;
    for (let k = 0; k < dim; k += 1) mean[k]! += vector[k]! * share;
  }
  return mean;
}

/** The factor that gives a vector unit length for "cosine", 0 for a zero vector; 1 otherwise. */
function scaleOf(vector: Float32Array, metric: Metric): number {
  if (metric !== "cosine") return 1;
  const length = Math.sqrt(squaredLength(vector));
  return length > 0 ? 1 / length : 0;
}

/** The symmetric dim x dim matrix of second moments about `mean`, row-major. */
function secondMoments(
  sample: readonly Float32Array[],
  mean: Float64Array,
  metric: Metric,
  onProgress: (share: number) => void,
): Float64Array {
  const dim = mean.length;
  const moments = new Float64Array(dim * dim);
  const centred = new Float64Array(dim);
  for (const [row, vector] of sample.entries()) {
    const scale = scaleOf(vector, metric);
    for (let k = 0; k < dim; k += 1) centred[k] = vector[k]! * scale - mean[k]!;
    for (let i = 0; i < dim; i += 1) {
      const factor = centred[i]!;
      const start = i * dim;
      for (let k = i; k < dim; k += 1) moments[start + k]! += factor * centred[k]!;
    }
    if (row % ROWS_PER_REPORT === 0) onProgress(row / sample.length);
  }
  for (let i = 0; i < dim; i += 1)
    for (let k = 0; k < i; k += 1) moments[i * dim + k] = moments[k * dim + i]!;
  return moments;
}

/**
 * Gram-Schmidt in place, twice for precision, first row first. A row without a component of its
 * own, as when there are fewer items than axes, becomes the first unit vector that has one.
 */
function orthonormalise(rows: Float64Array[]): void {
  for (const [index, row] of rows.entries()) {
    const squaredBefore = squaredLength(row);
    removeComponents(row, rows, index);
    // A remainder as small as the rounding errors has no direction.
    for (let k = 0; !(squaredLength(row) > 1e-20 * squaredBefore) || squaredBefore === 0; k += 1) {
      row.fill(0);
      row[k] = 1;
      removeComponents(row, rows, index);
      if (squaredLength(row) > 1e-6) break;
    }
    const scale = 1 / Math.sqrt(squaredLength(row));
    for (let k = 0; k < row.length; k += 1) row[k]! *= scale;
  }
}

/** Makes `row` orthogonal to the first `count` rows, which are orthonormal. */
function removeComponents(row: Float64Array, rows: readonly Float64Array[], count: number): void {
  for (let pass = 0; pass < 2; pass += 1)
    for (let other = 0; other < count; other += 1) {
      const axis = rows[other]!;
      let product = 0;
      for (let k = 0; k < row.length; k += 1) product += row[k]! * axis[k]!;
      for (let k = 0; k < row.length; k += 1) row[k]! -= product * axis[k]!;
    }
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const dim = vector.length;
  return Float64Array.from({ length: dim }, (_, row) => {
    const start = row * dim;
    let sum = 0;
    for (let k = 0; k < dim; k += 1) sum += matrix[start + k]! * vector[k]!;
    return sum;
  });
}

function squaredLength(vector: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return sum;
}
