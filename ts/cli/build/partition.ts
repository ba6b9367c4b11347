/** Partitions rows into small groups of similar rows: recursive k-means. */
import { openRandom, type Random } from "../random.js";

const ITERATIONS = 6;
/** Groups per level. */
const MAX_GROUPS = 32;
/** Mean group size that k-means aims at, as a share of `maxRows`: few groups exceed it then. */
const TARGET_FILL = 0.65;
/** Groups below this share of `maxRows` are merged with the previous group if both fit. */
const MERGE_FILL = 0.25;

/**
 * Groups of at most `maxRows` of the rows of a matrix, each with its row numbers. Neighbouring
 * groups are similar. Equal input gives equal groups. O(n dim log n).
 */
export function partition(values: Float32Array, dim: number, maxRows: number): Uint32Array[] {
  const rows = Uint32Array.from({ length: values.length / dim }, (_, row) => row);
  const groups = split(values, dim, maxRows, rows, openRandom(rows.length));
  const merged: Uint32Array[] = [];
  for (const group of groups) {
    const previous = merged.at(-1);
    const isSmall = Math.min(group.length, previous?.length ?? 0) < maxRows * MERGE_FILL;
    if (previous && isSmall && previous.length + group.length <= maxRows)
      merged[merged.length - 1] = Uint32Array.of(...previous, ...group);
    else merged.push(group);
  }
  return merged;
}

function split(
  values: Float32Array,
  dim: number,
  maxRows: number,
  rows: Uint32Array,
  random: Random,
): Uint32Array[] {
  if (rows.length <= maxRows) return [rows];
  const groupCount = Math.min(MAX_GROUPS, Math.ceil(rows.length / (maxRows * TARGET_FILL)));
  const centres = seedCentres(values, dim, rows, groupCount, random);
  let assignment = nearestCentres(values, dim, rows, centres);
  for (let iteration = 1; iteration < ITERATIONS; iteration += 1) {
    moveCentres(values, dim, rows, assignment, centres);
    assignment = nearestCentres(values, dim, rows, centres);
  }
  const groups = chainOrder(centres, dim)
    .map((centre) => rows.filter((_, index) => assignment[index] === centre))
    .filter(({ length }) => length > 0);
  // k-means cannot separate equal rows: they are cut into groups of `maxRows`.
  if (groups.length === 1)
    return Array.from({ length: Math.ceil(rows.length / maxRows) }, (_, part) =>
      rows.subarray(part * maxRows, (part + 1) * maxRows),
    );
  return groups.flatMap((group) => split(values, dim, maxRows, group, random));
}

/**
 * k-means++: each centre is a row, drawn with a probability that is proportional to its squared
 * distance from the nearest centre before it.
 */
function seedCentres(
  values: Float32Array,
  dim: number,
  rows: Uint32Array,
  count: number,
  random: Random,
): Float32Array {
  const centres = new Float32Array(count * dim);
  const distances = new Float64Array(rows.length).fill(Infinity);
  let chosenIndex = random.below(rows.length);
  for (let centre = 0; centre < count; centre += 1) {
    const start = rows[chosenIndex]! * dim;
    centres.set(values.subarray(start, start + dim), centre * dim);
    let total = 0;
    rows.forEach((row, index) => {
      let distance = 0;
      for (let axis = 0; axis < dim; axis += 1) {
        const difference = values[row * dim + axis]! - values[start + axis]!;
        distance += difference * difference;
      }
      distances[index] = Math.min(distances[index]!, distance);
      total += distances[index]!;
    });
    let target = random.next() * total;
    chosenIndex = 0;
    while (chosenIndex < rows.length - 1) {
      target -= distances[chosenIndex]!;
      if (target < 0) break;
      chosenIndex += 1;
    }
  }
  return centres;
}

/** The centre nearest to each row; of equal distances the first. */
function nearestCentres(
  values: Float32Array,
  dim: number,
  rows: Uint32Array,
  centres: Float32Array,
): Uint8Array {
  const count = centres.length / dim;
  const halfSquares = Float64Array.from({ length: count }, (_, centre) => {
    const vector = centres.subarray(centre * dim, (centre + 1) * dim);
    return vector.reduce((sum, value) => sum + value * value, 0) / 2;
  });
  const assignment = new Uint8Array(rows.length);
  for (let index = 0; index < rows.length; index += 1) {
    const from = rows[index]! * dim;
    let best = -Infinity;
    for (let centre = 0; centre < count; centre += 1) {
      const to = centre * dim;
      // Two independent sums: the processor overlaps their additions.
      let even = -halfSquares[centre]!;
      let odd = dim % 2 === 1 ? values[from + dim - 1]! * centres[to + dim - 1]! : 0;
      for (let axis = 0; axis + 1 < dim; axis += 2) {
        even += values[from + axis]! * centres[to + axis]!;
        odd += values[from + axis + 1]! * centres[to + axis + 1]!;
      }
      if (even + odd <= best) continue;
      best = even + odd;
      assignment[index] = centre;
    }
  }
  return assignment;
}

/** Moves each centre to the mean of its rows; a centre without rows stays. */
function moveCentres(
  values: Float32Array,
  dim: number,
  rows: Uint32Array,
  assignment: Uint8Array,
  centres: Float32Array,
): void {
  const count = centres.length / dim;
  const sums = new Float64Array(centres.length);
  const sizes = new Uint32Array(count);
  rows.forEach((row, index) => {
    const centre = assignment[index]!;
    sizes[centre]! += 1;
    for (let axis = 0; axis < dim; axis += 1)
      sums[centre * dim + axis]! += values[row * dim + axis]!;
  });
  for (let at = 0; at < sums.length; at += 1) {
    const size = sizes[Math.floor(at / dim)]!;
    if (size > 0) centres[at] = sums[at]! / size;
  }
}

/** A greedy tour: each centre is followed by the nearest one not yet in the tour. */
function chainOrder(centres: Float32Array, dim: number): number[] {
  const left = Array.from({ length: centres.length / dim }, (_, centre) => centre);
  const order = [left.shift()!];
  while (left.length > 0) {
    const from = order.at(-1)! * dim;
    let best = 0;
    let nearest = Infinity;
    left.forEach((centre, index) => {
      let distance = 0;
      for (let axis = 0; axis < dim; axis += 1)
        distance += (centres[from + axis]! - centres[centre * dim + axis]!) ** 2;
      if (distance < nearest) {
        best = index;
        nearest = distance;
      }
    });
    order.push(...left.splice(best, 1));
  }
  return order;
}
