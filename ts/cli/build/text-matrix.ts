/** The sparse matrix of texts x features, with idf weights and rows of unit length. */
import { type Features, openFeatureReader } from "../../text/features.js";

/** Maximum number of features of a tower: 2.3 MB at rank 128. */
const MAX_FEATURES = 32_768;

/** Compressed sparse rows: the entries of row r are those from ends[r - 1] to ends[r]. */
export interface TextMatrix {
  readonly rows: number;
  /** Hashes of the features, ascending: one per column. */
  readonly hashes: Uint32Array;
  /** Inverse document frequency of each column: ln(1 + texts / texts with it). */
  readonly idf: Float64Array;
  readonly ends: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

/**
 * The features of the texts: those in most texts, of equal counts the lowest hash. A text without
 * any is a row of zeros. O(total length).
 */
export function buildTextMatrix(texts: readonly string[]): TextMatrix {
  const readFeatures = openFeatureReader();
  const features = texts.map((text) => {
    const { hashes, weights } = readFeatures(text);
    return { hashes: hashes.slice(), weights: weights.slice() };
  });
  const frequencies = new Map<number, number>();
  for (const { hashes } of features)
    for (const hash of hashes) frequencies.set(hash, (frequencies.get(hash) ?? 0) + 1);
  const chosenFeatures = [...frequencies]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, MAX_FEATURES);
  const hashes = Uint32Array.from(chosenFeatures, ([hash]) => hash).sort();
  const columnOf = new Map(Array.from(hashes, (hash, column) => [hash, column]));
  const idf = Float64Array.from(hashes, (hash) =>
    Math.log1p(texts.length / frequencies.get(hash)!),
  );
  return { rows: texts.length, hashes, idf, ...fillRows(features, columnOf, idf) };
}

function fillRows(
  features: readonly Features[],
  columnOf: ReadonlyMap<number, number>,
  idf: Float64Array,
): Pick<TextMatrix, "ends" | "columns" | "values"> {
  const ends = new Uint32Array(features.length);
  const columns: number[] = [];
  const values: number[] = [];
  for (const [row, { hashes, weights }] of features.entries()) {
    const begin = columns.length;
    let square = 0;
    hashes.forEach((hash, index) => {
      const column = columnOf.get(hash);
      if (column === undefined) return;
      const value = weights[index]! * idf[column]!;
      columns.push(column);
      values.push(value);
      square += value * value;
    });
    for (let entry = begin; entry < values.length; entry += 1) values[entry]! /= Math.sqrt(square);
    ends[row] = columns.length;
  }
  return { ends, columns: Uint32Array.from(columns), values: Float32Array.from(values) };
}

/** product = X dense: rows x width, from columns x width. */
export function multiply(
  { rows, ends, columns, values }: TextMatrix,
  dense: Float64Array,
  width: number,
  product: Float64Array,
): void {
  product.fill(0);
  let entry = 0;
  for (let row = 0; row < rows; row += 1) {
    const target = row * width;
    for (; entry < ends[row]!; entry += 1) {
      const source = columns[entry]! * width;
      const value = values[entry]!;
      for (let k = 0; k < width; k += 1) product[target + k]! += value * dense[source + k]!;
    }
  }
}

/** product = X^T dense: columns x width, from rows x width. */
export function multiplyTransposed(
  { rows, ends, columns, values }: TextMatrix,
  dense: Float64Array,
  width: number,
  product: Float64Array,
): void {
  product.fill(0);
  let entry = 0;
  for (let row = 0; row < rows; row += 1) {
    const source = row * width;
    for (; entry < ends[row]!; entry += 1) {
      const target = columns[entry]! * width;
      const value = values[entry]!;
      for (let k = 0; k < width; k += 1) product[target + k]! += value * dense[source + k]!;
    }
  }
}
