/**
 * Places items near their nearest neighbours (as UMAP does): starts at the principal components,
 * pulls neighbours together and pushes random pairs apart.
 */

/** Curve of the attraction: UMAP's a and b for a minimal distance of 0.1. */
const A = 1.577;
const B = 0.895;
const REPULSIONS_PER_EDGE = 4;
/** Largest change of a coordinate in one update. */
const MAX_STEP = 4;
/** The starting places span [-START_SIZE, START_SIZE]. */
const START_SIZE = 10;
/** Total number of updates; it determines the number of epochs. */
const UPDATE_BUDGET = 40_000_000;
const MAX_EPOCHS = 240;
const MIN_EPOCHS = 40;
/** Share of the items between the outliers of both sides, on each axis. */
const INNER_SHARE = 0.98;
/**
 * Weight of a place's rank on its axis; the rest is its coordinate. By coordinates only, distant
 * islands would leave most of the picture empty; by ranks only, there would be no islands.
 */
const RANK_SHARE = 0.6;

export interface LayoutInput {
  /** n places (x, y) in [-1, 1]. */
  places: Float32Array;
  /** The k nearest neighbours of each item, nearest first; -1 for none. */
  neighbours: Int32Array;
}

/**
 * Yields the places after each epoch, at any scale: see {@link fillSquare}. The array is the same
 * each time. Deterministic.
 */
export function* layOut({ places, neighbours }: LayoutInput): Generator<Float32Array> {
  const n = places.length / 2;
  const k = n > 0 ? neighbours.length / n : 0;
  const y = Float32Array.from(places, (value) => value * START_SIZE);
  const epochs = Math.max(
    MIN_EPOCHS,
    Math.min(MAX_EPOCHS, Math.floor(UPDATE_BUDGET / (neighbours.length * REPULSIONS_PER_EDGE + 1))),
  );
  let seed = 1;
  const random = (): number => {
    // mulberry32, as elsewhere.
    seed = (seed + 0x6d2b79f5) >>> 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  // Places that coincide, as of equal items, could not be pushed apart.
  for (let i = 0; i < y.length; i += 1) y[i]! += (random() - 0.5) * 0.02;

  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const rate = 1 - epoch / epochs;
    for (let i = 0; i < n; i += 1) {
      for (let rank = 0; rank < k; rank += 1) {
        const j = neighbours[i * k + rank] ?? -1;
        // The nearest neighbour is pulled in every epoch, farther ones less often.
        if (j < 0 || random() > 1 / (1 + 0.25 * rank)) continue;
        attract(y, i, j, rate);
        for (let count = 0; count < REPULSIONS_PER_EDGE; count += 1)
          repel(y, i, Math.floor(random() * n), rate);
      }
    }
    yield y;
  }
}

function attract(y: Float32Array, i: number, j: number, rate: number): void {
  const dx = y[2 * i]! - y[2 * j]!;
  const dy = y[2 * i + 1]! - y[2 * j + 1]!;
  const square = dx * dx + dy * dy;
  if (square === 0) return;
  const attraction = (-2 * A * B * square ** (B - 1)) / (1 + A * square ** B);
  const stepX = clampStep(attraction * dx) * rate;
  const stepY = clampStep(attraction * dy) * rate;
  y[2 * i]! += stepX;
  y[2 * i + 1]! += stepY;
  y[2 * j]! -= stepX;
  y[2 * j + 1]! -= stepY;
}

function repel(y: Float32Array, i: number, j: number, rate: number): void {
  if (i === j) return;
  const dx = y[2 * i]! - y[2 * j]!;
  const dy = y[2 * i + 1]! - y[2 * j + 1]!;
  const square = dx * dx + dy * dy;
  const repulsion = (2 * B) / ((0.001 + square) * (1 + A * square ** B));
  y[2 * i]! += clampStep(repulsion * dx) * rate;
  y[2 * i + 1]! += clampStep(repulsion * dy) * rate;
}

function clampStep(step: number): number {
  return Math.max(-MAX_STEP, Math.min(MAX_STEP, step));
}

/** The places spread over [-1, 1] on each axis; the order on each axis stays. */
export function fillSquare(places: Float32Array): Float32Array {
  const filled = new Float32Array(places.length);
  for (const axis of [0, 1]) {
    const values = places.filter((_, index) => index % 2 === axis);
    const order = Uint32Array.from(values.keys()).sort(
      (a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b,
    );
    const margin = Math.floor((order.length * (1 - INNER_SHARE)) / 2);
    const lowest = values[order[margin] ?? 0] ?? 0;
    const greatest = values[order[order.length - 1 - margin] ?? 0] ?? 0;
    for (const [rank, row] of order.entries()) {
      const share = ((values[row] ?? 0) - lowest) / (greatest - lowest || 1);
      const rankShare = (rank + 0.5) / order.length;
      const mixed = (1 - RANK_SHARE) * Math.max(0, Math.min(1, share)) + RANK_SHARE * rankShare;
      filled[2 * row + axis] = 2 * mixed - 1;
    }
  }
  return filled;
}
