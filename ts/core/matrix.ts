/** Row-major matrices, the form in which the core reads vectors. */

/** Copies n vectors of `dim` components each into the rows of one n x dim matrix. */
export function toMatrix(vectors: readonly Float32Array[], dim: number): Float32Array {
  const matrix = new Float32Array(vectors.length * dim);
  vectors.forEach((vector, row) => matrix.set(vector, row * dim));
  return matrix;
}

/** A copy of one row of a matrix with `dim` columns. */
export function rowOf(matrix: Float32Array, dim: number, row: number): Float32Array {
  return matrix.slice(row * dim, (row + 1) * dim);
}

/** The vector scaled to unit length, as in a catalogue of metric "cosine"; zero stays zero. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, component) => sum + component * component, 0));
  return length > 0 ? vector.map((component) => component / length) : vector;
}
