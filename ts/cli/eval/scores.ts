/** Scores of all items for several queries, and the best of them. */
import type { ItemVectors } from "./item-vectors.js";

/**
 * The inner products of `count` queries (row-major, count x dim) with all n items, as count x n
 * values in `scores`. Blocks of two queries and four items share the loads: about 1.5 times as fast
 * as one pair at a time.
 */
export function scoreAll(
  { values, dim, ids }: ItemVectors,
  queries: Float32Array,
  count: number,
  scores: Float32Array,
): void {
  const rows = ids.length;
  for (let query = 0; query < count; query += 2) {
    // With an odd count the last query is computed twice and stored once.
    const second = Math.min(query + 1, count - 1);
    const a = query * dim;
    const b = second * dim;
    const outA = query * rows;
    const outB = second * rows;
    let row = 0;
    for (; row + 3 < rows; row += 4) {
      const p = row * dim;
      const q = p + dim;
      const r = q + dim;
      const s = r + dim;
      let ap = 0;
      let aq = 0;
      let ar = 0;
      let as = 0;
      let bp = 0;
      let bq = 0;
      let br = 0;
      let bs = 0;
      for (let axis = 0; axis < dim; axis += 1) {
        const x = queries[a + axis]!;
        const y = queries[b + axis]!;
        const vp = values[p + axis]!;
        const vq = values[q + axis]!;
        const vr = values[r + axis]!;
        const vs = values[s + axis]!;
        ap += x * vp;
        aq += x * vq;
        ar += x * vr;
        as += x * vs;
        bp += y * vp;
        bq += y * vq;
        br += y * vr;
        bs += y * vs;
      }
      scores[outA + row] = ap;
      scores[outA + row + 1] = aq;
      scores[outA + row + 2] = ar;
      scores[outA + row + 3] = as;
      scores[outB + row] = bp;
      scores[outB + row + 1] = bq;
      scores[outB + row + 2] = br;
      scores[outB + row + 3] = bs;
    }
    for (; row < rows; row += 1) {
      let sumA = 0;
      let sumB = 0;
      for (let axis = 0; axis < dim; axis += 1) {
        sumA += queries[a + axis]! * values[row * dim + axis]!;
        sumB += queries[b + axis]! * values[row * dim + axis]!;
      }
      scores[outA + row] = sumA;
      scores[outB + row] = sumB;
    }
  }
}

/**
 * The rows of the `count` highest scores, best first; ties: the lower row. Rows with a mark in
 * `excluded` are left out. O(n log count) at worst, O(n) in practice.
 */
export function topRows(
  scores: ArrayLike<number>,
  excluded: Uint8Array,
  count: number,
): Int32Array {
  // A min-heap; its root is the worst of the best: the lowest score, of equal ones the highest row.
  const heap: number[] = [];
  const isWorse = (a: number, b: number): boolean =>
    scores[a]! < scores[b]! || (scores[a]! === scores[b]! && a > b);
  const siftDown = (from: number): void => {
    let parent = from;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && isWorse(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isWorse(heap[child]!, heap[parent]!)) return;
      [heap[parent], heap[child]] = [heap[child]!, heap[parent]!];
      parent = child;
    }
  };
  for (let row = 0; row < scores.length; row += 1) {
    if (excluded[row]) continue;
    if (heap.length < count) {
      heap.push(row);
      if (heap.length === count)
        for (let parent = count >> 1; parent >= 0; parent -= 1) siftDown(parent);
    } else if (scores[row]! > scores[heap[0]!]!) {
      heap[0] = row;
      siftDown(0);
    }
  }
  return Int32Array.from(heap).sort((a, b) => (isWorse(a, b) ? 1 : -1));
}

/**
 * Interleaves ranked lists by rank: the first of each list, then the second of each, ... An item
 * that an earlier position has is skipped, and its list waits for the next round.
 */
export function roundRobin(lists: readonly Int32Array[], count: number): Int32Array {
  const rows = new Set<number>();
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let rank = 0; rank < longest; rank += 1)
    for (const list of lists) {
      if (rank < list.length) rows.add(list[rank]!);
      if (rows.size === count) return Int32Array.from(rows);
    }
  return Int32Array.from(rows);
}
