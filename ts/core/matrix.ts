/** Vectors one under the other: the row-major matrices the core reads. */

/** The vectors as the rows of one matrix. */
export function toMatrix(vectors: readonly Float32Array[], dim: number): Float32Array {
  const matrix = new Float32Array(vectors.length * dim);
  vectors.forEach((vector, row) => matrix.set(vector, row * dim));
  return matrix;
}

/** A copy of one row. */
export function rowOf(matrix: Float32Array, dim: number, row: number): Float32Array {
  return matrix.slice(row * dim, (row + 1) * dim);
}

/** The vector at unit length, which is how a catalogue keeps its own; a zero vector stays zero. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0));
  return length > 0 ? vector.map((number) => number / length) : vector;
}
