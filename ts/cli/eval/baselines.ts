/** The methods that PocketSage is compared with. */
import { buildProfile, ward } from "../../index.js";
import { inspect } from "../../values/check.js";
import { MS_PER_DAY } from "../../values/time.js";
import { UsageError } from "../command-error.js";
import { parseDecimal } from "../read/number.js";
import type { EvalCase, EvalData } from "./accounts.js";
import { completeLinkage, kMeans, medoidOf } from "./clusters.js";
import { type Ease, trainEase } from "./ease.js";
import type { CaseContext, Method, MethodPlan, MethodQuery } from "./method.js";
import { roundRobin, topRows } from "./scores.js";

/** Names for --methods; a ":" is followed by a number. */
export const METHOD_NAMES = [
  "last:K",
  "mean",
  "decay:RATE",
  "k-means:K",
  "linkage:K",
  "pinnersage:K",
  "popularity",
  "popular-decay:RATE",
  "ease:L2",
  "random",
];
/** The methods of a run without --methods. */
export const DEFAULT_METHODS = [
  "last:1",
  "last:5",
  "last:10",
  "mean",
  "decay:.01",
  "decay:.1",
  "k-means:5",
  "linkage:5",
  "pinnersage:5",
  "popularity",
  "popular-decay:.1",
  "ease",
  "random",
];

/** Decay rate of PinnerSage's importance, per day. */
const PINNERSAGE_LAMBDA = 0.01;
/** Trees are cut at this quantile of the merge costs of all accounts. */
const MERGE_COST_QUANTILE = 0.8;
/** Weight of log(1 + count), added to a cosine. */
const POPULARITY_WEIGHT = 0.1;
/** Regularisation of EASE. */
const DEFAULT_EASE_L2 = 100;

/** The method of a name, such as "last:5". Throws UsageError if there is none. */
export function parseMethod(text: string): Method {
  const [kind = "", parameter] = text.split(/:(.*)/s);
  const make = MAKERS.get(kind);
  const number = parameter === undefined ? undefined : parseDecimal(parameter);
  if (!make || (number !== undefined && !(number >= 0)))
    throw new UsageError(
      `--methods: expected ${METHOD_NAMES.join(", ")}, separated by commas, saw ${inspect(text)}`,
    );
  return make(text, number);
}

const MAKERS: ReadonlyMap<string, (name: string, parameter: number | undefined) => Method> =
  new Map<string, (name: string, parameter: number | undefined) => Method>([
    ["last", (name, k = 1) => lastItems(name, checkCount(name, k))],
    ["mean", (name) => decayAverage(name, "mean of the history", 0)],
    ["decay", (name, rate = 0.1) => decayAverage(name, `decay average ${rate}`, rate)],
    ["k-means", (name, k = 5) => kMeansCentres(name, checkCount(name, k))],
    ["linkage", (name, k = 5) => completeLinkageMedoids(name, checkCount(name, k))],
    ["pinnersage", (name, k = 5) => pinnerSage(name, checkCount(name, k))],
    ["popularity", (name) => popularity(name)],
    ["popular-decay", (name, rate = 0.1) => popularDecay(name, rate)],
    ["ease", (name, l2 = DEFAULT_EASE_L2) => ease(name, l2)],
    ["random", (name) => randomItems(name)],
  ]);

function checkCount(name: string, k: number): number {
  if (Number.isInteger(k) && k > 0) return k;
  throw new UsageError(`--methods: ${name}: expected a whole number from 1`);
}

/** The newest actions, one query each. */
function lastItems(name: string, k: number): Method {
  const title = k === 1 ? "last item" : `last ${k} items`;
  return {
    name,
    title,
    plan: (context) => fromLists(context, Array.from(context.evalCase.history.slice(-k).reverse())),
  };
}

/** One query: the average of the history, weighted by e^(-rate days). */
function decayAverage(name: string, title: string, rate: number): Method {
  return { name, title, plan: (context) => fromLists(context, [averageOf(context, rate)]) };
}

/** The decay average and popularity in one score: cos + 0.1 log(1 + count). */
function popularDecay(name: string, rate: number): Method {
  return {
    name,
    title: `popularity-aware decay ${rate}`,
    plan(context) {
      const query = averageOf(context, rate);
      let squared = 0;
      for (const value of query) squared += value * value;
      const scale = squared > 0 ? 1 / Math.sqrt(squared) : 0;
      return {
        queries: [query],
        choose([scores]) {
          const fusedScores = Float64Array.from(
            scores!,
            (score, row) =>
              score * scale + POPULARITY_WEIGHT * Math.log1p(context.popularity[row]!),
          );
          return topRows(fusedScores, context.excluded, context.count);
        },
      };
    },
  };
}

function popularity(name: string): Method {
  return {
    name,
    title: "popularity",
    plan: ({ popularity: counts, excluded, count }) => ({
      queries: [],
      choose: () => topRows(counts, excluded, count),
    }),
  };
}

/** The linear model of all train actions, also those of other users after the cut of a case. */
function ease(name: string, l2: number): Method {
  if (l2 === 0)
    throw new UsageError(`--methods: ${name}: expected a number above 0, the regularisation`);
  let model: Ease | undefined;
  return {
    name,
    title: `EASE ${l2}`,
    prepare({ train, vectors }, onShare) {
      model = trainEase(train, vectors.ids.length, l2, onShare);
    },
    plan: ({ evalCase, excluded, count }) => ({
      queries: [],
      choose() {
        const { rows, predict } = model!;
        const isExcluded = Uint8Array.from(rows, (row) => excluded[row]!);
        return topRows(predict(evalCase.seen), isExcluded, count).map((item) => rows[item]!);
      },
    }),
  };
}

function randomItems(name: string): Method {
  return {
    name,
    title: "random items",
    plan: ({ excluded, count, random }) => ({
      queries: [],
      choose() {
        const rows = new Set<number>();
        const available = excluded.reduce((sum, mark) => sum + (mark ? 0 : 1), 0);
        while (rows.size < Math.min(count, available)) {
          const row = random.below(excluded.length);
          if (!excluded[row]) rows.add(row);
        }
        return Int32Array.from(rows);
      },
    }),
  };
}

/** k-means of the history, one query per centre. */
function kMeansCentres(name: string, k: number): Method {
  return {
    name,
    title: `k-means ${k}`,
    plan(context) {
      const { dim } = context.data.vectors;
      const { centres, count } = kMeans(historyVectors(context), dim, k, context.random);
      const queries = Array.from({ length: count }, (_, cluster) =>
        centres.slice(cluster * dim, (cluster + 1) * dim),
      );
      return fromLists(context, queries);
    },
  };
}

/**
 * Complete linkage cut at a common height, medoids of the k most important clusters. The height is
 * the 80 % quantile of all accounts' merge heights.
 */
function completeLinkageMedoids(name: string, k: number): Method {
  let threshold = 0;
  return {
    name,
    title: `complete linkage ${k}`,
    prepare(data, onShare) {
      threshold = mergeCostQuantile(
        data,
        onShare,
        (vectors, dim) => completeLinkage(vectors, dim, Infinity).heights,
      );
    },
    plan(context) {
      const { dim } = context.data.vectors;
      const { history, ages } = context.evalCase;
      const vectors = historyVectors(context);
      const { labels, count } = completeLinkage(vectors, dim, threshold);
      const importance = new Float64Array(count);
      for (const [position, label] of labels.entries())
        importance[label]! += Math.exp(-PINNERSAGE_LAMBDA * ages[position]!);
      const top = Array.from(importance.keys()).sort((a, b) => importance[b]! - importance[a]!);
      const medoids = top.slice(0, k).map((cluster) => {
        const members = Array.from(labels.keys()).filter((row) => labels[row] === cluster);
        return history[medoidOf(vectors, dim, members)]!;
      });
      return fromLists(context, medoids);
    },
  };
}

/**
 * PinnerSage exactly as in the paper: Ward clusters cut at a common height (the 80 % quantile of
 * all accounts' merge heights), medoids of the k most important with lambda 0.01, interleaved.
 */
function pinnerSage(name: string, k: number): Method {
  let threshold = 0;
  return {
    name,
    title: `PinnerSage ${k}`,
    prepare(data, onShare) {
      threshold = mergeCostQuantile(data, onShare, (vectors, dim) => {
        const tree = ward(vectors, { dim });
        return Array.from({ length: tree.length / 4 }, (_, merge) => tree[merge * 4 + 2]!);
      });
    },
    plan(context) {
      const { dim } = context.data.vectors;
      const { history, ages } = context.evalCase;
      const vectors = historyVectors(context);
      const actions = Array.from(history, (_, position) => ({
        item: String(position),
        vector: vectors.subarray(position * dim, (position + 1) * dim),
        at: Math.round(-ages[position]! * MS_PER_DAY),
      }));
      const { interests } = buildProfile(actions, {
        dim,
        now: 0,
        cut: { threshold },
        lambda: PINNERSAGE_LAMBDA,
      });
      const medoids = interests.slice(0, k).map(({ medoid }) => history[Number(medoid)]!);
      return fromLists(context, medoids);
    },
  };
}

/** The top list of each query, interleaved by rank. */
function fromLists({ count, excluded }: CaseContext, queries: readonly MethodQuery[]): MethodPlan {
  return {
    queries,
    choose: (scores) =>
      roundRobin(
        scores.map((values) => topRows(values, excluded, count)),
        count,
      ),
  };
}

/** The sum of the history's vectors, each times e^(-rate days); its length does not matter. */
function averageOf({ data, evalCase }: CaseContext, rate: number): Float32Array {
  const { values, dim } = data.vectors;
  const sum = new Float64Array(dim);
  for (const [position, row] of evalCase.history.entries()) {
    const weight = Math.exp(-rate * evalCase.ages[position]!);
    for (let axis = 0; axis < dim; axis += 1) sum[axis]! += weight * values[row * dim + axis]!;
  }
  return Float32Array.from(sum);
}

/** The vectors of the history, row-major. */
function historyVectors({ data, evalCase }: { data: EvalData; evalCase: EvalCase }): Float32Array {
  const { values, dim } = data.vectors;
  const vectors = new Float32Array(evalCase.history.length * dim);
  for (const [position, row] of evalCase.history.entries())
    vectors.set(values.subarray(row * dim, (row + 1) * dim), position * dim);
  return vectors;
}

/** The 80 % quantile of the merge heights of all cases. */
function mergeCostQuantile(
  data: EvalData,
  onShare: (share: number) => void,
  heightsOf: (vectors: Float32Array, dim: number) => readonly number[],
): number {
  const heights: number[] = [];
  for (const [index, evalCase] of data.cases.entries()) {
    for (const height of heightsOf(historyVectors({ data, evalCase }), data.vectors.dim))
      heights.push(height);
    onShare((index + 1) / data.cases.length);
  }
  return Float64Array.from(heights).sort()[Math.floor(MERGE_COST_QUANTILE * heights.length)] ?? 0;
}
