/**
 * Vectors of items from nothing but their texts (`--embed text`): the coordinates of the tf-idf
 * matrix along its strongest right singular vectors (latent semantic analysis), by randomized
 * subspace iteration with a fixed start.
 */
import { openRandom } from "../random.js";
import { buildTextMatrix, multiply, multiplyTransposed } from "./text-matrix.js";

/** Maximum number of dimensions of the vectors. */
const MAX_DIM = 128;
const ITERATIONS = 6;

/** One vector per text, not normalised; zeros for a text without features. */
export function embedTexts(
  texts: readonly string[],
  onProgress: (share: number) => void,
): Float32Array[] {
  const matrix = buildTextMatrix(texts);
  const features = matrix.hashes.length;
  const dim = Math.max(1, Math.min(MAX_DIM, texts.length, features));
  const random = openRandom(1);
  const basis = Float64Array.from({ length: features * dim }, () => random.next() - 0.5);
  const product = new Float64Array(texts.length * dim);
  orthonormalise(basis, dim);
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    multiply(matrix, basis, dim, product);
    multiplyTransposed(matrix, product, dim, basis);
    orthonormalise(basis, dim);
    onProgress((iteration + 1) / ITERATIONS);
  }
  multiply(matrix, basis, dim, product);
  return texts.map((_, row) => Float32Array.from(product.subarray(row * dim, (row + 1) * dim)));
}

/**
 * Gram-Schmidt on the columns of a row-major matrix, twice for precision. A column without a
 * component of its own becomes zero: a dimension that no text has.
 */
function orthonormalise(matrix: Float64Array, width: number): void {
  const height = matrix.length / width;
  const columns = Array.from({ length: width }, (_, k) =>
    Float64Array.from({ length: height }, (_, row) => matrix[row * width + k]!),
  );
  for (const [index, column] of columns.entries()) {
    const before = dot(column, column);
    for (let pass = 0; pass < 2; pass += 1)
      for (let other = 0; other < index; other += 1) {
        const axis = columns[other]!;
        const product = dot(axis, column);
        for (let row = 0; row < height; row += 1) column[row]! -= product * axis[row]!;
      }
    const square = dot(column, column);
    // A remainder of the size of rounding errors has no direction.
    const scale = square > 1e-20 * before ? 1 / Math.sqrt(square) : 0;
    for (let row = 0; row < height; row += 1) {
      column[row]! *= scale;
      matrix[row * width + index] = column[row]!;
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}
