/**
 * Dense f64 matrices, row-major, and the polar and Cholesky decompositions that fit a bridge. Sums
 * run in a fixed order and use only operations that IEEE 754 rounds exactly, so every engine
 * returns the same bits.
 */

/** A matrix; `values` has rows x columns components. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Rotations end once the cosine of every pair of rows is at most this. */
const MAX_COSINE = 1e-13;
const MAX_SWEEPS = 40;
/** Rows shorter than this share of the longest one count as zero. */
const MIN_RELATIVE_LENGTH = 1e-10;

export function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, values: new Float64Array(rows * columns) };
}

/** A view of a row. */
export function rowAt({ columns, values }: Matrix, row: number): Float64Array {
  return values.subarray(row * columns, (row + 1) * columns);
}

function transposed(matrix: Matrix): Matrix {
  const result = zeros(matrix.columns, matrix.rows);
  for (let row = 0; row < matrix.rows; row += 1)
    for (let column = 0; column < matrix.columns; column += 1)
      result.values[column * matrix.rows + row] = matrix.values[row * matrix.columns + column]!;
  return result;
}

/** target += factor * source. */
export function addScaled(target: Float64Array, factor: number, source: ArrayLike<number>): void {
  for (let k = 0; k < target.length; k += 1) target[k]! += factor * source[k]!;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k]! * b[k]!;
  return sum;
}

/** The product of a row vector and a matrix. */
export function rowTimes(vector: ArrayLike<number>, matrix: Matrix): Float64Array {
  const result = new Float64Array(matrix.columns);
  for (let row = 0; row < matrix.rows; row += 1)
    addScaled(result, vector[row]!, rowAt(matrix, row));
  return result;
}

/**
 * The orthogonal factor of the polar decomposition: the matrix W with orthonormal rows or columns,
 * whichever are fewer, that maximises the trace of W' times the matrix (orthogonal Procrustes).
 * Directions of singular value 0 are left out: W maps them to 0. By one-sided Jacobi rotations:
 * O(a^2 b) a sweep for a x b with a <= b, about ten sweeps.
 */
export function orthogonalFactor(matrix: Matrix): Matrix {
  if (matrix.rows > matrix.columns) return transposed(orthogonalFactor(transposed(matrix)));
  const rotated: Matrix = { ...matrix, values: matrix.values.slice() };
  const rotations = zeros(matrix.rows, matrix.rows);
  for (let row = 0; row < matrix.rows; row += 1) rotations.values[row * (matrix.rows + 1)] = 1;
  const views = Array.from({ length: matrix.rows }, (_, row) => ({
    row: rowAt(rotated, row),
    rotation: rowAt(rotations, row),
  }));
  for (let sweep = 0; sweep < MAX_SWEEPS && rotateAllPairs(views); sweep += 1);

  const lengths = views.map(({ row }) => Math.sqrt(dot(row, row)));
  const minLength = MIN_RELATIVE_LENGTH * Math.max(...lengths);
  const result = zeros(matrix.rows, matrix.columns);
  views.forEach(({ row, rotation }, index) => {
    const length = lengths[index]!;
    if (length <= minLength) return;
    for (let target = 0; target < matrix.rows; target += 1)
      addScaled(rowAt(result, target), rotation[target]! / length, row);
  });
  return result;
}

/** Rotates every pair of rows until they are orthogonal. Returns whether any was rotated. */
function rotateAllPairs(views: readonly Record<"row" | "rotation", Float64Array>[]): boolean {
  let isRotated = false;
  for (let first = 0; first < views.length; first += 1) {
    for (let second = first + 1; second < views.length; second += 1) {
      const a = views[first]!;
      const b = views[second]!;
      const aa = dot(a.row, a.row);
      const bb = dot(b.row, b.row);
      const ab = dot(a.row, b.row);
      if (!(Math.abs(ab) > MAX_COSINE * Math.sqrt(aa * bb))) continue;
      isRotated = true;
      const ratio = (bb - aa) / (2 * ab);
      const sign = ratio < 0 ? -1 : 1;
      const tangent = sign / (Math.abs(ratio) + Math.sqrt(1 + ratio * ratio));
      const cosine = 1 / Math.sqrt(1 + tangent * tangent);
      rotate(a.row, b.row, cosine, cosine * tangent);
      rotate(a.rotation, b.rotation, cosine, cosine * tangent);
    }
  }
  return isRotated;
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let k = 0; k < a.length; k += 1) {
    const x = a[k]!;
    const y = b[k]!;
    a[k] = cosine * x - sine * y;
    b[k] = sine * x + cosine * y;
  }
}

/**
 * The solution X of A X = B for a symmetric, positive definite A (a x a), by Cholesky
 * decomposition; B is a x b. O(a^2 (a + b)).
 */
export function solvePositive(a: Matrix, b: Matrix): Matrix {
  const factor: Matrix = { ...a, values: a.values.slice() };
  const rows = Array.from({ length: a.rows }, (_, row) => rowAt(factor, row));
  for (let i = 0; i < a.rows; i += 1) {
    const target = rows[i]!;
    for (let j = 0; j <= i; j += 1) {
      const source = rows[j]!;
      let sum = target[j]!;
      for (let k = 0; k < j; k += 1) sum -= target[k]! * source[k]!;
      target[j] = i === j ? Math.sqrt(sum) : sum / source[j]!;
    }
  }
  const solution: Matrix = { ...b, values: b.values.slice() };
  for (let i = 0; i < a.rows; i += 1) {
    const target = rowAt(solution, i);
    for (let k = 0; k < i; k += 1) addScaled(target, -rows[i]![k]!, rowAt(solution, k));
    divide(target, rows[i]![i]!);
  }
  for (let i = a.rows - 1; i >= 0; i -= 1) {
    const target = rowAt(solution, i);
    for (let k = i + 1; k < a.rows; k += 1) addScaled(target, -rows[k]![i]!, rowAt(solution, k));
    divide(target, rows[i]![i]!);
  }
  return solution;
}

function divide(vector: Float64Array, divisor: number): void {
  for (let k = 0; k < vector.length; k += 1) vector[k]! /= divisor;
}
