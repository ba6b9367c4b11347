/**
 * Bridges: maps from the vectors of one model to those of another, fitted on items that both have.
 *
 * A bridge is x -> (x - mean) W + mean of the other space. W solves a ridge regression whose
 * penalty pulls towards the best orthogonal map (Procrustes): with few items W is nearly
 * orthogonal, with many nearly the least-squares map. The penalty is chosen on items that the fit
 * left out, the report is computed on others.
 */

import type { Catalogue } from "../../catalogue/catalogue.js";
import { SageError } from "../../errors.js";
import type { ItemId, VectorLike } from "../../item.js";
import { checkRange, checkVector } from "../../values/check.js";
import { checkBridgeArguments } from "./arguments.js";
import {
  addScaled,
  dot,
  type Matrix,
  orthogonalFactor,
  rowAt,
  rowTimes,
  solvePositive,
  zeros,
} from "./matrix.js";
import { type BridgeReport, measureBridge } from "./retention.js";

/** Minimum number of items with an id in both catalogues. */
const MIN_SHARED_ITEMS = 100;
/** Maximum number of items in a fit: more take time and hardly change the map. */
const MAX_SHARED_ITEMS = 10_000;
/** Of 5 items, 3 are fitted, 1 serves to choose the penalty, 1 is held out for the report. */
const PARTS = 5;
const VALIDATION = 3;
const HELD_OUT = 4;
/** Candidate penalties, in units of one item: the pull towards the orthogonal map. */
const PENALTIES = [0.1, 1, 10, 100, 1000];
const DEFAULT_MIN_RETENTION = 0.8;

/** Options of {@link fitBridge} and of migrations. */
export interface BridgeOptions {
  /**
   * Minimum {@link BridgeReport.retention} of a bridge that is used, 0 to 1. Default: 0.8.
   */
  minRetention?: number;
}

/** A map from the vectors of one catalogue's space to those of another's. */
export interface Bridge {
  readonly report: BridgeReport;
  /**
   * The vector in the new space, of unit length if the metric of the new catalogue is cosine. A
   * zero vector stays zero. O(dimensions of both). Throws code "dimension" or "not-finite" for
   * anything but a vector of the old space.
   */
  convert(vector: VectorLike): Float32Array;
}

/** Pairs of vectors of the same items: n x the dimension of either space. */
interface Pairs {
  readonly from: Matrix;
  readonly to: Matrix;
}

/** Sums over pairs, from which maps are solved. */
interface Moments {
  count: number;
  readonly fromSum: Float64Array;
  readonly toSum: Float64Array;
  /** Sum of x'x. */
  readonly square: Matrix;
  /** Sum of x'y. */
  readonly cross: Matrix;
}

interface AffineMap {
  readonly fromMean: Float64Array;
  readonly toMean: Float64Array;
  readonly linear: Matrix;
}

/**
 * Fits a bridge on the items that both catalogues have, at most 10,000, evenly over their sorted
 * ids. Equal catalogues give equal bridges on every engine. O(n d^2 + d^3) for n items of d
 * dimensions, the larger of the two.
 *
 * Throws code "option" for fewer than 100 shared items, for a bridge that keeps less than
 * `minRetention`, and for catalogues of one named space, which need none.
 */
export function fitBridge(from: Catalogue, to: Catalogue, options: BridgeOptions = {}): Bridge {
  checkBridgeArguments(from, to, options);
  const minRetention = checkRange(
    "migrate: minRetention",
    options.minRetention ?? DEFAULT_MIN_RETENTION,
    0,
    1,
  );
  if (from.space !== undefined && from.space === to.space)
    throw new SageError(
      "option",
      `migrate: both catalogues are of the space "${to.space}": open the history as it is.`,
    );
  const items = sharedItems(from, to);
  const parts = Array.from({ length: PARTS }, (_, part) =>
    items.filter((_, index) => index % PARTS === part),
  );
  const fitted = parts.slice(0, VALIDATION).flat();
  const moments = momentsOf(pairsOf(fitted, from, to));
  const validation = pairsOf(parts[VALIDATION]!, from, to);
  const orthogonal = orthogonalFactor(centredMoments(moments).cross);
  const penalty = maximize(PENALTIES, (candidate) =>
    meanCosine(solveMap(moments, orthogonal, candidate), validation),
  );
  const map = solveMap(addMoments(moments, validation), orthogonal, penalty);
  const convert = (vector: VectorLike): Float32Array =>
    applyMap(map, checkVector("convert", vector, from.dim), to.metric === "cosine");
  const report = measureBridge(from, to, convert, {
    sharedItems: items.length,
    fitted: moments.count,
    penalty,
    heldOut: parts[HELD_OUT]!,
  });
  // Of items without different neighbours the retention is NaN: it says nothing.
  if (!(report.retention >= minRetention))
    throw new SageError(
      "option",
      `migrate: the bridge keeps ${report.retention.toFixed(3)} of the neighbourhood of ` +
        `${report.heldOut} held-out items, expected at least ${minRetention} (minRetention): ` +
        "start with an empty history, or add items to both catalogues.",
    );
  return { report, convert };
}

/** Items of both catalogues with directions in both, by ascending id, thinned out evenly. */
function sharedItems(from: Catalogue, to: Catalogue): ItemId[] {
  const items = [...from.ids()].filter((item) => to.has(item)).sort();
  if (items.length < MIN_SHARED_ITEMS)
    throw new SageError(
      "option",
      `migrate: ${items.length} items are in both catalogues, expected at least ` +
        `${MIN_SHARED_ITEMS}: build both from the same items, with the same ids.`,
    );
  const count = Math.min(items.length, MAX_SHARED_ITEMS);
  return Array.from(
    { length: count },
    (_, index) => items[Math.floor((index * items.length) / count)]!,
  );
}

function pairsOf(items: readonly ItemId[], from: Catalogue, to: Catalogue): Pairs {
  const pairs = { from: zeros(items.length, from.dim), to: zeros(items.length, to.dim) };
  items.forEach((item, row) => {
    rowAt(pairs.from, row).set(from.vector(item)!);
    rowAt(pairs.to, row).set(to.vector(item)!);
  });
  return pairs;
}

function momentsOf(pairs: Pairs): Moments {
  const fromDim = pairs.from.columns;
  const toDim = pairs.to.columns;
  return addMoments(
    {
      count: 0,
      fromSum: new Float64Array(fromDim),
      toSum: new Float64Array(toDim),
      square: zeros(fromDim, fromDim),
      cross: zeros(fromDim, toDim),
    },
    pairs,
  );
}

/** The moments with those of more pairs added. Changes `moments`. */
function addMoments(moments: Moments, { from, to }: Pairs): Moments {
  for (let row = 0; row < from.rows; row += 1) {
    const x = rowAt(from, row);
    const y = rowAt(to, row);
    addScaled(moments.fromSum, 1, x);
    addScaled(moments.toSum, 1, y);
    x.forEach((component, k) => {
      addScaled(rowAt(moments.square, k), component, x);
      addScaled(rowAt(moments.cross, k), component, y);
    });
  }
  moments.count += from.rows;
  return moments;
}

/** Means, and the sums of squares and products of the deviations from the means. */
function centredMoments({ count, fromSum, toSum, square, cross }: Moments) {
  const fromMean = fromSum.map((sum) => sum / count);
  const centredSquare: Matrix = { ...square, values: square.values.slice() };
  const centredCross: Matrix = { ...cross, values: cross.values.slice() };
  fromMean.forEach((mean, k) => {
    addScaled(rowAt(centredSquare, k), -mean, fromSum);
    addScaled(rowAt(centredCross, k), -mean, toSum);
  });
  const toMean = toSum.map((sum) => sum / count);
  return { fromMean, toMean, square: centredSquare, cross: centredCross };
}

/**
 * The map W that minimises |X W - Y|^2 + penalty |W - scale orthogonal|^2, where the scale is the
 * best one for the orthogonal map itself.
 */
function solveMap(moments: Moments, orthogonal: Matrix, penalty: number): AffineMap {
  const { fromMean, toMean, square, cross } = centredMoments(moments);
  const image = zeros(square.rows, orthogonal.columns);
  for (let row = 0; row < square.rows; row += 1)
    rowAt(image, row).set(rowTimes(rowAt(square, row), orthogonal));
  const scale = dot(orthogonal.values, cross.values) / dot(orthogonal.values, image.values);
  addScaled(cross.values, Number.isFinite(scale) ? penalty * scale : 0, orthogonal.values);
  for (let k = 0; k < square.rows; k += 1) square.values[k * (square.rows + 1)]! += penalty;
  return { fromMean, toMean, linear: solvePositive(square, cross) };
}

function applyMap(
  { fromMean, toMean, linear }: AffineMap,
  vector: ArrayLike<number>,
  isUnit: boolean,
): Float32Array {
  if (dot(vector, vector) === 0) return new Float32Array(linear.columns);
  const difference = fromMean.map((mean, k) => vector[k]! - mean);
  const image = rowTimes(difference, linear);
  addScaled(image, 1, toMean);
  const length = Math.sqrt(dot(image, image));
  return Float32Array.from(image, (value) => (isUnit && length > 0 ? value / length : value));
}

/** Mean cosine of mapped vectors to those of the same items in the other space. */
function meanCosine(map: AffineMap, { from, to }: Pairs): number {
  let sum = 0;
  for (let row = 0; row < from.rows; row += 1) {
    const image = applyMap(map, rowAt(from, row), true);
    const target = rowAt(to, row);
    const length = Math.sqrt(dot(target, target));
    if (length > 0) sum += dot(image, target) / length;
  }
  return sum / from.rows;
}

/** The candidate of the greatest score; of equal scores, the first. */
function maximize(candidates: readonly number[], scoreOf: (candidate: number) => number): number {
  const scores = candidates.map(scoreOf);
  return candidates[scores.indexOf(Math.max(...scores))]!;
}
