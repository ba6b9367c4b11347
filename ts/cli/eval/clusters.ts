/** Clusterings of a few hundred vectors for the baselines: k-means and complete linkage. */
import type { Random } from "../random.js";

/** Labels from 0 to count - 1. */
export interface Clusters {
  readonly labels: Int32Array;
  readonly count: number;
  /** Mean of each cluster, row-major count x dim. */
  readonly centres: Float32Array;
}

/**
 * k-means (Lloyd, k-means++ seeds) of the rows of an n x dim matrix, at most `k` clusters and
 * `rounds` rounds. O(n k dim) per round.
 */
export function kMeans(
  values: Float32Array,
  dim: number,
  k: number,
  random: Random,
  rounds = 20,
): Clusters {
  const rows = values.length / dim;
  const centres = seedCentres(values, dim, Math.min(k, rows), random);
  const count = centres.length / dim;
  const labels = new Int32Array(rows).fill(-1);
  for (let round = 0; round < rounds; round += 1) {
    let changedLabels = 0;
    for (let row = 0; row < rows; row += 1) {
      let nearest = 0;
      let smallest = Infinity;
      for (let cluster = 0; cluster < count; cluster += 1) {
        const distance = squaredDistance(values, row * dim, centres, cluster * dim, dim);
        if (distance < smallest) {
          nearest = cluster;
          smallest = distance;
        }
      }
      if (labels[row] !== nearest) changedLabels += 1;
      labels[row] = nearest;
    }
    if (changedLabels === 0) break;
    centres.set(meansOf(values, dim, labels, count, centres));
  }
  return { labels, count, centres };
}

/** k-means++: each further seed with a probability in proportion to its squared distance. */
function seedCentres(values: Float32Array, dim: number, k: number, random: Random): Float32Array {
  const rows = values.length / dim;
  const seeds = [random.below(rows)];
  const nearest = new Float64Array(rows).fill(Infinity);
  while (seeds.length < k) {
    let sum = 0;
    for (let row = 0; row < rows; row += 1) {
      const distance = squaredDistance(values, row * dim, values, seeds.at(-1)! * dim, dim);
      if (distance < nearest[row]!) nearest[row] = distance;
      sum += nearest[row]!;
    }
    if (!(sum > 0)) break; // fewer distinct rows than k
    let remainingWeight = random.next() * sum;
    let row = 0;
    while (row < rows - 1 && remainingWeight >= nearest[row]!) {
      remainingWeight -= nearest[row]!;
      row += 1;
    }
    seeds.push(row);
  }
  const centres = new Float32Array(seeds.length * dim);
  for (const [index, row] of seeds.entries())
    centres.set(values.subarray(row * dim, (row + 1) * dim), index * dim);
  return centres;
}

/** The mean of each cluster; a cluster without rows keeps its centre. */
function meansOf(
  values: Float32Array,
  dim: number,
  labels: Int32Array,
  count: number,
  earlier: Float32Array,
): Float32Array {
  const sums = new Float64Array(count * dim);
  const sizes = new Uint32Array(count);
  for (const [row, label] of labels.entries()) {
    sizes[label]! += 1;
    for (let axis = 0; axis < dim; axis += 1)
      sums[label * dim + axis]! += values[row * dim + axis]!;
  }
  return Float32Array.from(sums, (sum, index) => {
    const size = sizes[Math.floor(index / dim)]!;
    return size > 0 ? sum / size : earlier[index]!;
  });
}

/**
 * Agglomerative clustering with complete linkage, stopped at `threshold` (squared distance of the
 * farthest members). Naive: O(n^3) for n rows at worst, a few ms for 200. Ties: the lowest pair.
 */
export function completeLinkage(
  values: Float32Array,
  dim: number,
  threshold: number,
  minClusters = 1,
): { labels: Int32Array; count: number; heights: number[] } {
  const rows = values.length / dim;
  const distance = new Float64Array(rows * rows).fill(Infinity);
  for (let a = 0; a < rows; a += 1)
    for (let b = 0; b < a; b += 1) {
      const squared = squaredDistance(values, a * dim, values, b * dim, dim);
      distance[a * rows + b] = squared;
      distance[b * rows + a] = squared;
    }
  const liveClusters = Array.from({ length: rows }, (_, row) => row);
  const labels = Int32Array.from(liveClusters);
  const heights: number[] = [];
  const nearest = Int32Array.from(liveClusters, (row) =>
    nearestOf(distance, rows, row, liveClusters),
  );
  while (liveClusters.length > minClusters) {
    let a = liveClusters[0]!;
    for (const row of liveClusters)
      if (distance[row * rows + nearest[row]!]! < distance[a * rows + nearest[a]!]!) a = row;
    const b = nearest[a]!;
    const height = distance[a * rows + b]!;
    if (height > threshold) break;
    heights.push(height);
    liveClusters.splice(liveClusters.indexOf(b), 1);
    for (const row of liveClusters) {
      if (row === a) continue;
      const farthest = Math.max(distance[a * rows + row]!, distance[b * rows + row]!);
      distance[a * rows + row] = farthest;
      distance[row * rows + a] = farthest;
    }
    for (let row = 0; row < rows; row += 1) if (labels[row] === b) labels[row] = a;
    for (const row of liveClusters)
      if (row === a || nearest[row] === a || nearest[row] === b)
        nearest[row] = nearestOf(distance, rows, row, liveClusters);
  }
  const index = new Map(liveClusters.map((row, cluster) => [row, cluster]));
  return { labels: labels.map((row) => index.get(row)!), count: liveClusters.length, heights };
}

function nearestOf(
  distance: Float64Array,
  rows: number,
  row: number,
  live: readonly number[],
): number {
  let nearest = row;
  for (const other of live)
    if (other !== row && distance[row * rows + other]! < distance[row * rows + nearest]!)
      nearest = other;
  return nearest;
}

/** The member with the smallest sum of squared distances to the members; ties: the first. */
export function medoidOf(values: Float32Array, dim: number, members: readonly number[]): number {
  let medoid = members[0]!;
  let smallest = Infinity;
  for (const candidate of members) {
    let sum = 0;
    for (const member of members)
      sum += squaredDistance(values, candidate * dim, values, member * dim, dim);
    if (sum < smallest) {
      medoid = candidate;
      smallest = sum;
    }
  }
  return medoid;
}

function squaredDistance(
  a: Float32Array,
  startA: number,
  b: Float32Array,
  startB: number,
  dim: number,
): number {
  let sum = 0;
  for (let axis = 0; axis < dim; axis += 1) {
    const difference = a[startA + axis]! - b[startB + axis]!;
    sum += difference * difference;
  }
  return sum;
}
