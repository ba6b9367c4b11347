// What is searched: seeded mixtures of Gaussians on the unit sphere, and real text where data/emoji has its model.
import { readFile } from "node:fs/promises";
import { mixture } from "./mixture.mjs";

const QUERIES = 100;

/** n items and 100 held-out queries of 256 numbers: 1,000 topics, whose members have a cosine of 0.5 to each other, and no finer structure. */
export function topics(n) {
  const dim = 256;
  return split(
    `mixture, ${n} x ${dim}`,
    mixture(n + QUERIES, dim, { groups: 1000, scatter: 1, seed: n }),
    dim,
  );
}

/** The vectors that bench/data/text.py wrote: descriptions of packages, embedded. */
export async function text(file, dim) {
  const bytes = await readFile(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  return split(`real text, ${values.length / dim - QUERIES} x ${dim}`, values, dim);
}

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
