/**
 * Recall@10 of a catalogue's search, against an exact search in double precision over the vectors
 * as they were given.
 */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { drawSample } from "../random.js";
import type { FileItem } from "../read/item-file.js";

const NEIGHBOURS_PER_QUERY = 10;
const MIN_QUERIES = 20;
const MAX_QUERIES = 100;
/** Budget of the exact search, in multiplications; MIN_QUERIES takes precedence. */
const MAX_PRODUCTS = 1e9;
/** Scores that differ by less, for a query of norm 1, are ties: f32 rounding is of this size. */
const TIE_TOLERANCE = 1e-6;

/**
 * The share of the 10 nearest items that the search returns; ties with the tenth count as found.
 * Queries are midpoints of two random items' vectors, so that no query is an item; the sample is
 * the same in every run. `reduce` maps a query to the dimensions of the catalogue. With fewer than
 * two items there are no queries, and the recall is 1.
 */
export function measureRecall(
  catalogue: Catalogue,
  items: readonly FileItem[],
  reduce: (vector: Float32Array) => Float32Array,
  onProgress: (share: number) => void,
): { recall: number; queries: number } {
  const { metric } = catalogue;
  const dim = items[0]?.[1].length ?? catalogue.dim;
  const affordableQueries = Math.floor(MAX_PRODUCTS / (items.length * dim));
  const maxQueries = Math.max(MIN_QUERIES, Math.min(MAX_QUERIES, affordableQueries));
  const sample = drawSample(items, 2 * maxQueries).map(([, vector]) => vector);
  const queries = Math.floor(sample.length / 2);
  const squaredNorms = items.map(([, vector]) => dot(vector, vector));
  /**
   * A score that ranks the items of a query as the metric does, without terms equal for all items.
   */
  const rankingScore = (query: Float32Array, row: number): number => {
    const product = dot(query, items[row]![1]);
    if (metric === "ip") return product;
    const squaredNorm = squaredNorms[row]!;
    return metric === "l2" ? 2 * product - squaredNorm : product / (Math.sqrt(squaredNorm) || 1);
  };
  let foundHits = 0;
  let expectedHits = 0;
  for (let index = 0; index < queries; index += 1) {
    const otherVector = sample[2 * index + 1]!;
    const query = sample[2 * index]!.map((value, axis) => (value + otherVector[axis]!) / 2);
    const scores = new Map(items.map(([item], row) => [item, rankingScore(query, row)]));
    const descendingScores = Float64Array.from(scores.values()).sort().reverse();
    const nearestScores = descendingScores.subarray(0, NEIGHBOURS_PER_QUERY);
    const minScore = nearestScores.at(-1)! - TIE_TOLERANCE * (Math.sqrt(dot(query, query)) || 1);
    const hits = catalogue.search(reduce(query), { count: NEIGHBOURS_PER_QUERY, variants: true });
    foundHits += hits.filter((hit) => scores.get(hit.item)! >= minScore).length;
    expectedHits += nearestScores.length;
    onProgress((index + 1) / queries);
  }
  return { recall: expectedHits > 0 ? foundHits / expectedHits : 1, queries };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis += 1) sum += a[axis]! * b[axis]!;
  return sum;
}
