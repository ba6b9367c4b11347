/** Metrics of one list of recommendations, and the columns of every report. */
import type { EvalCase, EvalData } from "./accounts.js";
import { type Topics, topicShares } from "./topics.js";

/** A column of the reports. */
export interface Metric {
  readonly name: string;
  readonly title: string;
  /** One sentence for the reports. */
  readonly meaning: string;
  readonly lowerIsBetter?: boolean;
}

/** Metrics by case; their order is that of the values of {@link measureList}. */
export const METRICS: readonly Metric[] = [
  {
    name: "relevance",
    title: "relevance",
    meaning: "share of test items that are near a recommended item (cosine >= threshold)",
  },
  { name: "recall", title: "recall", meaning: "share of test items that are recommended" },
  { name: "ndcg", title: "nDCG", meaning: "recall that counts early ranks more (log2 discount)" },
  {
    name: "rPrecision",
    title: "R-prec.",
    meaning: "share of the first R recommendations that are test items, for R test items",
  },
  {
    name: "reciprocalRank",
    title: "rec. rank",
    meaning: "1 / rank of the first recommended test item",
  },
  {
    name: "diversity",
    title: "diversity",
    meaning: "1 - mean cosine of the pairs of recommended items",
  },
  {
    name: "novelty",
    title: "novelty",
    meaning: "mean bits of surprise: -log2 of the share of users that acted on the item",
  },
  {
    name: "miscalibration",
    title: "miscal.",
    meaning: "KL divergence of the topics of the list from those of the history (Steck 2018)",
    lowerIsBetter: true,
  },
];

/** Weight of the history in the smoothed distribution of a list (Steck 2018). */
const CALIBRATION_SMOOTHING = 0.01;

/** The input of the metrics that is equal for all cases. */
export interface MetricContext {
  readonly data: EvalData;
  /** Number of recommendations that were to be made. */
  readonly count: number;
  readonly threshold: number;
  /** Bits of surprise of each row. */
  readonly surprise: Float64Array;
  readonly topics: Topics;
}

/** The surprise of each row: train users count, with one more user for every row. */
export function surpriseOf({ train, vectors }: EvalData): Float64Array {
  const users = new Float64Array(vectors.ids.length);
  const lastUser = new Int32Array(vectors.ids.length).fill(-1);
  // The actions of a user are adjacent.
  for (const [action, row] of train.row.entries()) {
    if (lastUser[row] === train.user[action]) continue;
    lastUser[row] = train.user[action]!;
    users[row]! += 1;
  }
  return users.map((number) => -Math.log2((number + 1) / (train.users + 1)));
}

/** The value of each metric for `list`, the recommended rows, best first. */
export function measureList(
  context: MetricContext,
  evalCase: EvalCase,
  list: Int32Array,
): Float64Array {
  const test = new Set(evalCase.test);
  let hits = 0;
  let gain = 0;
  let earlyHits = 0;
  let firstHit = 0;
  for (const [index, row] of list.entries()) {
    if (!test.has(row)) continue;
    hits += 1;
    gain += 1 / Math.log2(index + 2);
    if (index < test.size) earlyHits += 1;
    firstHit ||= index + 1;
  }
  let idealGain = 0;
  for (let rank = 1; rank <= Math.min(test.size, context.count); rank += 1)
    idealGain += 1 / Math.log2(rank + 1);
  return Float64Array.of(
    relevanceOf(context, evalCase.test, list),
    hits / test.size,
    gain / idealGain,
    earlyHits / test.size,
    firstHit > 0 ? 1 / firstHit : 0,
    diversityOf(context, list),
    list.length > 0 ? list.reduce((sum, row) => sum + context.surprise[row]!, 0) / list.length : 0,
    miscalibrationOf(context, evalCase.history, list),
  );
}

function relevanceOf(
  { data, threshold }: MetricContext,
  test: Int32Array,
  list: Int32Array,
): number {
  const { values, dim } = data.vectors;
  let nearCount = 0;
  for (const testItem of test) {
    const start = testItem * dim;
    for (const row of list) {
      let cosine = 0;
      const other = row * dim;
      for (let axis = 0; axis < dim; axis += 1)
        cosine += values[start + axis]! * values[other + axis]!;
      if (cosine < threshold && row !== testItem) continue;
      nearCount += 1;
      break;
    }
  }
  return nearCount / test.length;
}

/** 1 - mean cosine of all pairs, by the length of the sum of the vectors: O(n dim). */
function diversityOf({ data }: MetricContext, list: Int32Array): number {
  const { values, dim } = data.vectors;
  const sum = new Float64Array(dim);
  let squares = 0;
  for (const row of list)
    for (let axis = 0; axis < dim; axis += 1) {
      const value = values[row * dim + axis]!;
      sum[axis]! += value;
      squares += value * value;
    }
  const pairCount = list.length * (list.length - 1);
  if (pairCount === 0) return 0;
  return 1 - (sum.reduce((total, value) => total + value * value, 0) - squares) / pairCount;
}

function miscalibrationOf(context: MetricContext, history: Int32Array, list: Int32Array): number {
  const historyShares = topicShares(context.topics, history);
  const listShares = topicShares(context.topics, list);
  let divergence = 0;
  for (const [topic, share] of historyShares.entries()) {
    if (share === 0) continue;
    const smoothed =
      (1 - CALIBRATION_SMOOTHING) * listShares[topic]! + CALIBRATION_SMOOTHING * share;
    divergence += share * Math.log(share / smoothed);
  }
  return divergence;
}
