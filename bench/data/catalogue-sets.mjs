// The data sets of the catalogue bench, items and queries: seeded mixtures of Gaussians on the unit
// sphere, and embedded text if the model of data/emoji is installed.
import { readFile } from "node:fs/promises";
import { mixture } from "./mixture.mjs";

const QUERY_COUNT = 100;

/**
 * A data set of n items and 100 held-out queries of 256 dimensions: 1,000 topics whose members have
 * a cosine of 0.5 to each other, without finer structure.
 */
export function topicDataSet(n) {
  const dim = 256;
  const values = mixture(n + QUERY_COUNT, dim, { centreCount: 1000, scatter: 1, seed: n });
  return splitOffQueries(`mixture, ${n} x ${dim}`, values, dim);
}

/** A data set from a file of bench/data/text.py: embedded package descriptions. */
export async function textDataSet(file, dim) {
  const bytes = await readFile(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return splitOffQueries(`real text, ${values.length / dim - QUERY_COUNT} x ${dim}`, values, dim);
}

/**
 * A data set from rows of `dim` values: the last 100 rows are the queries, the others the items.
 */
function splitOffQueries(name, values, dim) {
  const row = (at) => values.slice(at * dim, (at + 1) * dim);
  const n = values.length / dim - QUERY_COUNT;
  return {
    name,
    dim,
    n,
    values: values.subarray(0, n * dim),
    vectors: Array.from({ length: n }, (_, at) => row(at)),
    queries: Array.from({ length: QUERY_COUNT }, (_, at) => row(n + at)),
  };
}
