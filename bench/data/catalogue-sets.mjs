// Items and queries of the catalogue bench: seeded mixtures of Gaussians on the unit sphere, and
// embedded text where the model of data/emoji is installed.
import { readFile } from "node:fs/promises";
import { mixture } from "./mixture.mjs";

const QUERIES = 100;

/**
 * n items and 100 held-out queries of 256 dimensions: 1,000 topics whose members have a cosine of
 * 0.5 to each other, without finer structure.
 */
export function topicSet(n) {
  const dim = 256;
  const values = mixture(n + QUERIES, dim, { groups: 1000, scatter: 1, seed: n });
  return split(`mixture, ${n} x ${dim}`, values, dim);
}

/** Items and queries from a file that bench/data/text.py wrote: embedded package descriptions. */
export async function textSet(file, dim) {
  const bytes = await readFile(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return split(`real text, ${values.length / dim - QUERIES} x ${dim}`, values, dim);
}

/** The last 100 rows become the queries. */
function split(name, values, dim) {
  const row = (at) => values.slice(at * dim, (at + 1) * dim);
  const n = values.length / dim - QUERIES;
  return {
    name,
    dim,
    n,
    values: values.subarray(0, n * dim),
    vectors: Array.from({ length: n }, (_, at) => row(at)),
    queries: Array.from({ length: QUERIES }, (_, at) => row(n + at)),
  };
}
