/** Runs all methods and variants over all cases and collects their metrics. */
import { openRandom } from "../random.js";
import type { EvalCase, EvalData } from "./accounts.js";
import { applyPrior } from "./apply-prior.js";
import type { CaseContext, Method, MethodPlan, MethodQuery } from "./method.js";
import { METRICS, type MetricContext, measureList, surpriseOf } from "./metrics.js";
import { PopularityClock } from "./popularity-clock.js";
import { buildCatalogue, recommendBySage, type Variant } from "./sage-variant.js";
import { scoreAll } from "./scores.js";
import { clusterTopics } from "./topics.js";

export interface EvaluateOptions {
  readonly methods: readonly Method[];
  readonly variants: readonly Variant[];
  readonly count: number;
  readonly threshold: number;
  readonly halfLifeDays: number | undefined;
  readonly seed: number;
  readonly onShare: (task: string, share: number) => void;
}

/** The results of a method or variant. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** Per metric of METRICS, the value of each account: the mean of its cases. */
  readonly values: readonly Float64Array[];
  /** Share of the items that were recommended at least once. */
  readonly coverage: number;
  /** Mean time of a case in ms, where it is measured. */
  readonly milliseconds?: number;
}

/** One row per method, then one per variant; the same for the same seed. */
export async function evaluate(data: EvalData, options: EvaluateOptions): Promise<Row[]> {
  const { methods, variants, count, threshold, seed, onShare } = options;
  for (const method of methods)
    await method.prepare?.(data, (share) => onShare(`preparing ${method.title}`, share));
  const metricContext: MetricContext = {
    data,
    count,
    threshold,
    surprise: surpriseOf(data),
    topics: data.categories ?? clusterTopics(data.vectors, seed),
  };
  const tallies = [...methods, ...variants].map((entry) => new Tally(entry, data));
  const popularityClock = new PopularityClock(data, options);
  const rows = data.vectors.ids.length;
  const popularity = new Float64Array(rows);
  const excluded = new Uint8Array(rows);
  const rowOf = new Map(data.vectors.ids.map((id, row) => [id, row]));
  const space = { ids: data.vectors.ids, rowOf };
  const catalogue = variants.length > 0 ? await buildCatalogue(data) : undefined;
  for (const [index, evalCase] of data.cases.entries()) {
    popularityClock.countsAt(evalCase.cut, popularity);
    excluded.fill(0);
    for (const row of evalCase.seen) excluded[row] = 1;
    const contextOf = (method: number): CaseContext => ({
      data,
      evalCase,
      count,
      popularity,
      excluded,
      random: openRandom(seed + 7919 * (index + 1) + method),
    });
    const plans = methods.map((method, position) => method.plan(contextOf(position)));
    for (const [position, list] of recommendByPlans(data, plans).entries())
      tallies[position]!.add(evalCase, list, metricContext);
    if (catalogue) {
      applyPrior(catalogue, data.vectors.ids, popularity);
      for (const [position, variant] of variants.entries()) {
        const startedAt = performance.now();
        const list = await recommendBySage(variant, catalogue, space, evalCase, count);
        const tally = tallies[methods.length + position]!;
        tally.milliseconds += performance.now() - startedAt;
        tally.add(evalCase, list, metricContext);
      }
    }
    onShare("evaluating", (index + 1) / data.cases.length);
  }
  catalogue?.close();
  return tallies.map((tally) => tally.finish());
}

/** The recommendations of each plan; the scores of a query that plans share are computed once. */
function recommendByPlans({ vectors }: EvalData, plans: readonly MethodPlan[]): Int32Array[] {
  const { dim, values, ids } = vectors;
  const positionOf = new Map<MethodQuery, number>();
  for (const query of plans.flatMap((plan) => plan.queries))
    if (!positionOf.has(query)) positionOf.set(query, positionOf.size);
  const queries = new Float32Array(positionOf.size * dim);
  for (const [query, position] of positionOf)
    queries.set(
      typeof query === "number" ? values.subarray(query * dim, (query + 1) * dim) : query,
      position * dim,
    );
  const scores = scoreBuffer(positionOf.size * ids.length);
  scoreAll(vectors, queries, positionOf.size, scores);
  return plans.map((plan) =>
    plan.choose(
      plan.queries.map((query) => {
        const start = positionOf.get(query)! * ids.length;
        return scores.subarray(start, start + ids.length);
      }),
    ),
  );
}

let buffer = new Float32Array(0);

/** One buffer for all cases: to allocate one per case would cost more than the products. */
function scoreBuffer(length: number): Float32Array {
  if (buffer.length < length) buffer = new Float32Array(length);
  return buffer;
}

/** Sums of the metrics of one method. */
class Tally {
  milliseconds = 0;
  readonly #entry: Method | Variant;
  readonly #sums: Float64Array[];
  readonly #cases: Uint32Array;
  readonly #recommended: Uint8Array;

  constructor(entry: Method | Variant, data: EvalData) {
    this.#entry = entry;
    this.#sums = METRICS.map(() => new Float64Array(data.accounts));
    this.#cases = new Uint32Array(data.accounts);
    this.#recommended = new Uint8Array(data.vectors.ids.length);
  }

  add(evalCase: EvalCase, list: Int32Array, context: MetricContext): void {
    const { account } = evalCase;
    this.#cases[account]! += 1;
    for (const [metric, value] of measureList(context, evalCase, list).entries())
      this.#sums[metric]![account]! += value;
    for (const row of list) this.#recommended[row] = 1;
  }

  finish(): Row {
    const cases = this.#cases.reduce((sum, number) => sum + number, 0);
    const { name } = this.#entry;
    return {
      name,
      title: "title" in this.#entry ? this.#entry.title : name,
      values: this.#sums.map((sums) => sums.map((sum, account) => sum / this.#cases[account]!)),
      coverage: this.#recommended.reduce((sum, flag) => sum + flag, 0) / this.#recommended.length,
      ...(this.milliseconds > 0 && { milliseconds: this.milliseconds / cases }),
    };
  }
}
