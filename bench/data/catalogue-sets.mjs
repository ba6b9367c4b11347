// Data sets of items and queries: seeded mixtures of Gaussians on the unit sphere, and embedded
// text if the model of data/emoji is installed.
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { mixture } from "./mixture.mjs";

const QUERY_COUNT = 100;
const TEXT_DIM = 384; // of all-MiniLM-L6-v2

/**
 * A data set of n items and 100 held-out queries of 256 dimensions: 1,000 topics whose members have
 * a cosine of 0.5 to each other, without finer structure.
 */
export function topicDataSet(n) {
  const dim = 256;
  const values = mixture(n + QUERY_COUNT, dim, { centreCount: 1000, scatter: 1, seed: n });
  return splitOffQueries(`mixture, ${n} x ${dim}`, values, dim);
}

/**
 * The data set of 20,100 package descriptions of the operating system, which all-MiniLM-L6-v2
 * embeds on first use. Resolves to `{ missing: reason }` if the model is not installed.
 */
export async function loadTextDataSet() {
  const folder = join(root, ".tools", "bench-text");
  const file = join(folder, "vectors.f32");
  const python = join(root, ".tools", "emoji-venv", "bin", "python");
  if (!existsSync(file)) {
    if (!existsSync(python))
      return { missing: "no text model here: `node data/emoji/build.mjs` installs it" };
    await mkdir(folder, { recursive: true });
    const command = [join(import.meta.dirname, "text.py"), "--out", file];
    await runOrThrow(python, command, { minutes: 60, show: true });
  }
  const bytes = await readFile(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const items = values.length / TEXT_DIM - QUERY_COUNT;
  return splitOffQueries(`real text, ${items} x ${TEXT_DIM}`, values, TEXT_DIM);
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
