/** Which blocks a query reads: those that most probably hold its best rows, within a budget. */
import type { BlockTable } from "./format.js";
import { centreProducts, ERROR_PER_FACTOR, estimateRows, signSums } from "./sketch.js";

/** Minimum number of rows, in the nearest blocks, whose scores are estimated from sketches. */
const MIN_ESTIMATED_ROWS = 10_000;
/** Minimum number of estimated rows for each requested hit. */
const ESTIMATED_ROWS_PER_HIT = 100;
/** Maximum number of rows, those of the best estimates, that get a probability. */
const MAX_CANDIDATES = 2000;
/** No more blocks are read once they are expected to hold this share of the best rows. */
const ENOUGH_SHARE = 0.998;
/** Number of blocks that are sorted by the scores of their centres before all are sorted. */
const FIRST_BLOCKS = 256;
/** Iterations of the bisection for the score threshold. */
const BISECTIONS = 16;
/** 1 / (1 + exp(-1.702 z)) approximates the normal distribution function within 0.01. */
const LOGISTIC_SLOPE = 1.702;
/** Planning ends after this number of blocks that did not fit into the budget. */
const MAX_SKIPPED_BLOCKS = 50;

/** Limits of the reads for one query. */
export interface Budget {
  readonly requests: number;
  readonly bytes: number;
}

/** The parts of a catalogue, and the allowed rows, from which a query is planned. */
export interface PlanningData {
  readonly table: BlockTable;
  /** Squared lengths of the rows, for the metric "l2" only. */
  readonly norms: Float32Array | undefined;
  /** Bytes of the vector of a row in the file. */
  readonly rowBytes: number;
  /** Requests for consecutive blocks: one, or two with residuals. */
  readonly requestsPerRun: number;
  /** Whether a block needs no request. */
  isCached(block: number): boolean;
  /** Whether a row may be a hit; undefined if all may. */
  readonly isAllowed: ((row: number) => boolean) | undefined;
}

/** A range of consecutive blocks, both included. */
export interface Run {
  first: number;
  last: number;
}

/**
 * The blocks that a query reads, in ascending order. At least one that is not cached fits into
 * every budget.
 */
export function planQuery(
  query: Float32Array,
  count: number,
  data: PlanningData,
  budget: Budget,
): number[] {
  const { blocks, gains } = rankBlocks(query, count, data);
  const total = [...gains.values()].reduce((sum, gain) => sum + gain, 0);
  const cached: number[] = [];
  let chosenBlocks: number[] = [];
  let covered = 0;
  let skippedBlocks = 0;
  for (const block of blocks) {
    if (covered >= ENOUGH_SHARE * total || skippedBlocks > MAX_SKIPPED_BLOCKS) break;
    if (data.isCached(block)) cached.push(block);
    else {
      const tried = [...chosenBlocks, block].sort((a, b) => a - b);
      if (chosenBlocks.length > 0 && !fits(tried, data, budget)) {
        skippedBlocks += 1;
        continue;
      }
      chosenBlocks = tried;
    }
    covered += gains.get(block)!;
  }
  const read = joinRuns(chosenBlocks, data, budget.requests).flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  return [...new Set([...cached, ...read])].sort((a, b) => a - b);
}

function fits(blocks: readonly number[], data: PlanningData, { requests, bytes }: Budget): boolean {
  const runs = joinRuns(blocks, data, requests);
  const rows = runs.reduce((sum, run) => sum + rowsOf(data.table, run), 0);
  return rows * data.rowBytes <= bytes;
}

/** The rows of a run of blocks. */
function rowsOf({ ends }: BlockTable, { first, last }: Run): number {
  return ends[last]! - (ends[first - 1] ?? 0);
}

/**
 * Joins consecutive blocks to runs; then joins runs across the gaps with the fewest rows, until
 * `maxRequests` suffice for all runs. `blocks` are in ascending order.
 */
export function joinRuns(
  blocks: readonly number[],
  { table, requestsPerRun }: Pick<PlanningData, "table" | "requestsPerRun">,
  maxRequests: number,
): Run[] {
  const runs: Run[] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run && run.last === block - 1) run.last = block;
    else runs.push({ first: block, last: block });
  }
  const maxRuns = Math.max(1, Math.floor(maxRequests / requestsPerRun));
  while (runs.length > maxRuns) {
    let best = 1;
    let fewest = Infinity;
    for (let run = 1; run < runs.length; run += 1) {
      const gap = { first: runs[run - 1]!.last + 1, last: runs[run]!.first - 1 };
      const gapRows = rowsOf(table, gap);
      if (gapRows < fewest) {
        best = run;
        fewest = gapRows;
      }
    }
    runs[best - 1]!.last = runs[best]!.last;
    runs.splice(best, 1);
  }
  return runs;
}

/**
 * The blocks by descending number of the `count` best rows that they are expected to hold, and
 * these numbers.
 *
 * The error of an estimate is normal with a known deviation: a row is among the best with the
 * probability that its score exceeds a threshold; the threshold is the one for which the
 * probabilities of all rows sum to `count`.
 */
function rankBlocks(
  query: Float32Array,
  count: number,
  data: PlanningData,
): { blocks: number[]; gains: Map<number, number> } {
  const rows = estimateScores(query, count, data);
  const order = largestIndices(rows.scores, MAX_CANDIDATES + 2 * count);
  const scores = Float64Array.from(order, (index) => rows.scores[index]!);
  const errors = Float64Array.from(order, (index) => rows.errors[index]! / LOGISTIC_SLOPE + 1e-12);
  const exceeds = (index: number, threshold: number): number =>
    1 / (1 + Math.exp((threshold - scores[index]!) / errors[index]!));
  const largestError = errors.reduce((max, error) => Math.max(max, error), 0);
  let low = scores.reduce((min, score) => Math.min(min, score), Infinity);
  let high = scores.reduce((max, score) => Math.max(max, score), -Infinity) + 8 * largestError;
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    let expected = 0;
    for (let index = 0; index < scores.length; index += 1) expected += exceeds(index, middle);
    if (expected > count) low = middle;
    else high = middle;
  }
  const gains = new Map<number, number>();
  order.forEach((row, index) => {
    const block = rows.blocks[row]!;
    gains.set(block, (gains.get(block) ?? 0) + exceeds(index, low));
  });
  return { blocks: [...gains.keys()].sort((a, b) => gains.get(b)! - gains.get(a)!), gains };
}

/** Estimated scores of the rows of the nearest blocks, with their standard errors and blocks. */
function estimateScores(query: Float32Array, count: number, data: PlanningData) {
  const { table, norms, isAllowed } = data;
  const products = centreProducts(table, query);
  const sums = signSums(query, table.sketchBytes);
  const length = Math.sqrt(query.reduce((sum, value) => sum + value * value, 0));
  const minRows = Math.max(MIN_ESTIMATED_ROWS, count * ESTIMATED_ROWS_PER_HIT);
  const estimatedBlocks: number[] = [];
  const scoreParts: Float32Array[] = [];
  const errorParts: Float32Array[] = [];
  let total = 0;
  for (const block of nearestFirst(products)) {
    const start = table.ends[block - 1] ?? 0;
    const end = table.ends[block]!;
    const scores = new Float32Array(end - start);
    const errors = new Float32Array(end - start);
    estimateRows(table, block, [start, end], { sums, centreProduct: products[block]! }, scores);
    const errorScale = (norms ? 2 : 1) * table.factorScales[block]! * ERROR_PER_FACTOR * length;
    let allowedRows = 0;
    for (let row = start; row < end; row += 1) {
      if (isAllowed && !isAllowed(row)) continue;
      const product = scores[row - start]!;
      scores[allowedRows] = norms ? 2 * product - norms[row]! : product;
      errors[allowedRows] = errorScale * table.factors[row]!;
      allowedRows += 1;
    }
    if (allowedRows === 0) continue;
    estimatedBlocks.push(block);
    scoreParts.push(scores.subarray(0, allowedRows));
    errorParts.push(errors.subarray(0, allowedRows));
    total += allowedRows;
    if (total >= minRows) break;
  }
  const scores = new Float32Array(total);
  const errors = new Float32Array(total);
  const blocks = new Uint32Array(total);
  let at = 0;
  estimatedBlocks.forEach((block, part) => {
    scores.set(scoreParts[part]!, at);
    errors.set(errorParts[part]!, at);
    blocks.fill(block, at, at + scoreParts[part]!.length);
    at += scoreParts[part]!.length;
  });
  return { scores, errors, blocks };
}

/** All indices by descending value, sorted in parts: most searches take a few hundred. */
function* nearestFirst(products: Float32Array): Generator<number> {
  const first = topIndices(products, FIRST_BLOCKS);
  yield* first;
  if (first.length === products.length) return;
  const firstBlocks = new Set(first);
  for (const block of topIndices(products, products.length))
    if (!firstBlocks.has(block)) yield block;
}

/** The indices of the `count` largest values, largest first; of equal values, the lowest first. */
function topIndices(values: Float32Array, count: number): number[] {
  return largestIndices(values, count).sort((a, b) => values[b]! - values[a]! || a - b);
}

/** The indices of the `count` largest values, ascending; of equal values, the lowest. */
function largestIndices(values: Float32Array, count: number): number[] {
  // Sorting a typed array is many times faster than sorting indices by a comparison function.
  const sorted = values.slice().sort();
  const threshold = sorted[sorted.length - count] ?? -Infinity;
  const above = values.reduce((sum, value) => sum + (value > threshold ? 1 : 0), 0);
  let remaining = count - above;
  const indices: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    if (values[index]! > threshold) indices.push(index);
    else if (values[index] === threshold && remaining > 0) {
      indices.push(index);
      remaining -= 1;
    }
  }
  return indices;
}
