/** Exact scores of the rows of a block, and the top-k rows. */
import type { FileHead } from "./format.js";

/** The code of a component with the value 0. */
export const ZERO_CODE = 64;
/** Residual steps per code step: a component is (code - 64) + residual / 256, times the scale. */
const RESIDUAL_STEPS = 256;
/** Largest scale of a stored vector: that of the core. */
const MAX_SCALE = Math.fround(3.4028234663852886e38 / 65);

/** A row and its score. */
export interface ScoredRow {
  row: number;
  score: number;
}

/** The stored values of rows that are in memory. */
export interface RowValues {
  /** Scales of all rows; undefined if they follow from the codes. */
  readonly scales: Float32Array | undefined;
  /** Squared lengths of all rows, for the metric "l2". */
  readonly norms: Float32Array | undefined;
}

/**
 * The scores of the rows of a block for a query, in the order of the rows. `bytes` are the codes
 * of all rows, then their residuals if these are stored; a cosine needs a query of unit length.
 */
export function scoreBlock(
  bytes: Uint8Array,
  query: Float32Array,
  [start, end]: readonly [number, number],
  { metric }: Pick<FileHead, "metric">,
  { scales, norms }: RowValues,
): Float32Array {
  const dim = query.length;
  const rows = end - start;
  const residuals = bytes.length > rows * dim ? bytes.subarray(rows * dim) : undefined;
  const residualSteps =
    residuals && new Int8Array(residuals.buffer, residuals.byteOffset, rows * dim);
  const queryF64 = Float64Array.from(query);
  const querySquaredLength = queryF64.reduce((sum, value) => sum + value * value, 0);
  const scores = new Float32Array(rows);
  for (let index = 0; index < rows; index += 1) {
    const at = index * dim;
    let product = 0;
    let squaredSteps = 0;
    for (let axis = 0; axis < dim; axis += 1) {
      const steps =
        (bytes[at + axis]! - ZERO_CODE) * RESIDUAL_STEPS +
        (residualSteps ? residualSteps[at + axis]! : 0);
      product += queryF64[axis]! * steps;
      squaredSteps += steps * steps;
    }
    const scale = scales ? scales[start + index]! : scaleOf(squaredSteps);
    const score = (product / RESIDUAL_STEPS) * scale;
    if (metric === "cosine") scores[index] = Math.max(-1, Math.min(1, score)) + 0;
    else if (metric === "ip") scores[index] = score + 0;
    else scores[index] = Math.min(0, 2 * score - norms![start + index]! - querySquaredLength) + 0;
  }
  return scores;
}

/** The scale that gives a row unit length, from its squared length in steps of residuals. */
function scaleOf(squaredSteps: number): number {
  if (squaredSteps === 0) return 0;
  const length = Math.sqrt(squaredSteps / (RESIDUAL_STEPS * RESIDUAL_STEPS));
  return Math.fround(Math.min(1 / length, MAX_SCALE));
}

/** The vector of row `index` of a block, as the core decodes it. */
export function decodeRow(
  bytes: Uint8Array,
  index: number,
  [start, end]: readonly [number, number],
  dim: number,
  { scales }: RowValues,
): Float32Array {
  const rows = end - start;
  const residualSteps =
    bytes.length > rows * dim
      ? new Int8Array(bytes.buffer, bytes.byteOffset + rows * dim, rows * dim)
      : undefined;
  let squaredSteps = 0;
  const components = Float32Array.from({ length: dim }, (_, axis) => {
    const at = index * dim + axis;
    const steps =
      (bytes[at]! - ZERO_CODE) * RESIDUAL_STEPS + (residualSteps ? residualSteps[at]! : 0);
    squaredSteps += steps * steps;
    return steps / RESIDUAL_STEPS;
  });
  const scale = scales ? scales[start + index]! : scaleOf(squaredSteps);
  return components.map((component) => component * scale);
}

/** Whether `scaleOf` computes the stored scales of these rows from their codes, bit by bit. */
export function scalesFollow(
  codes: Uint8Array,
  residuals: Uint8Array | undefined,
  scales: Float32Array,
  dim: number,
): boolean {
  const residualSteps =
    residuals && new Int8Array(residuals.buffer, residuals.byteOffset, residuals.byteLength);
  return scales.every((scale, row) => {
    let squaredSteps = 0;
    for (let at = row * dim; at < (row + 1) * dim; at += 1) {
      const steps =
        (codes[at]! - ZERO_CODE) * RESIDUAL_STEPS + (residualSteps ? residualSteps[at]! : 0);
      squaredSteps += steps * steps;
    }
    return scaleOf(squaredSteps) === scale;
  });
}

/** Collects the top-k rows. Of equal scores, the lower row ranks first. */
export class BestRows {
  #rows: ScoredRow[] = [];
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  add(row: number, score: number): void {
    this.#rows.push({ row, score });
    if (this.#rows.length > 2 * this.#count + 1000) this.#cut();
  }

  /** The best rows, best first. */
  sorted(): ScoredRow[] {
    this.#cut();
    return this.#rows;
  }

  #cut(): void {
    this.#rows.sort((a, b) => b.score - a.score || a.row - b.row);
    this.#rows.length = Math.min(this.#rows.length, this.#count);
  }
}
