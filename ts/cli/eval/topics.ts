/** Topics of items, by which calibration is measured: their categories, or clusters of vectors. */
import { openRandom } from "../random.js";
import { kMeans } from "./clusters.js";
import type { ItemVectors } from "./item-vectors.js";
import { scoreAll } from "./scores.js";

/** Topics of the catalogue where items have no categories. */
const CLUSTERS = 32;
/** Maximum number of items from which the clusters are computed. */
const MAX_CLUSTER_SAMPLE = 20_000;

/** The topics of row r are `topics` from offsets[r] to offsets[r + 1], numbers below `count`. */
export interface Topics {
  readonly offsets: Uint32Array;
  readonly topics: Int32Array;
  readonly count: number;
}

/** The topics of rows by name; rows without a name have none, names that repeat count once. */
export function topicsOfNames(namesByRow: Iterable<readonly string[] | undefined>): Topics {
  const offsets = [0];
  const topics: number[] = [];
  const numbers = new Map<string, number>();
  for (const names of namesByRow) {
    for (const name of new Set(names)) {
      const number = numbers.get(name) ?? numbers.size;
      numbers.set(name, number);
      topics.push(number);
    }
    offsets.push(topics.length);
  }
  return {
    offsets: Uint32Array.from(offsets),
    topics: Int32Array.from(topics),
    count: numbers.size,
  };
}

/** One topic per row: the nearest of 32 k-means centres. */
export function clusterTopics({ values, dim, ids }: ItemVectors, seed: number): Topics {
  const sampleRows = Math.min(ids.length, MAX_CLUSTER_SAMPLE);
  const random = openRandom(seed);
  const sample = new Float32Array(sampleRows * dim);
  for (let index = 0; index < sampleRows; index += 1) {
    const row = sampleRows === ids.length ? index : random.below(ids.length);
    sample.set(values.subarray(row * dim, (row + 1) * dim), index * dim);
  }
  const { centres, count } = kMeans(sample, dim, CLUSTERS, random, 10);
  // The nearest centre has the greatest cosine * |c| - |c|^2 / 2.
  const scores = new Float32Array(count * ids.length);
  scoreAll({ values, dim, ids }, centres, count, scores);
  const halfSquares = Float64Array.from({ length: count }, (_, topic) =>
    centres
      .subarray(topic * dim, (topic + 1) * dim)
      .reduce((sum, value) => sum + (value * value) / 2, 0),
  );
  const topics = Int32Array.from(ids, (_, row) => {
    let nearest = 0;
    let best = -Infinity;
    for (let topic = 0; topic < count; topic += 1) {
      const score = scores[topic * ids.length + row]! - halfSquares[topic]!;
      if (score > best) {
        nearest = topic;
        best = score;
      }
    }
    return nearest;
  });
  return { offsets: Uint32Array.from({ length: ids.length + 1 }, (_, row) => row), topics, count };
}

/**
 * The share of each topic among the rows. A row counts equally for each of its topics; rows without
 * one are left out. All 0 if no row has one.
 */
export function topicShares({ offsets, topics, count }: Topics, rows: Int32Array): Float64Array {
  const shares = new Float64Array(count);
  let countedRows = 0;
  for (const row of rows) {
    const begin = offsets[row]!;
    const end = offsets[row + 1]!;
    if (end > begin) countedRows += 1;
    for (let index = begin; index < end; index += 1) shares[topics[index]!]! += 1 / (end - begin);
  }
  return countedRows > 0 ? shares.map((share) => share / countedRows) : shares;
}
