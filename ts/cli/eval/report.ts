/** The report of an evaluation: as data, and as a table for the terminal. */
import type { EvalData } from "./accounts.js";
import { Bootstrap, type Interval } from "./bootstrap.js";
import type { Row } from "./evaluate.js";
import { METRICS } from "./metrics.js";
import type { Variant } from "./sage-variant.js";
import type { Sweep } from "./sweeps.js";

interface ReportRow {
  readonly name: string;
  readonly title: string;
  readonly metrics: Readonly<Record<string, Interval>>;
  readonly coverage: number;
  readonly milliseconds?: number;
  /** By reference and metric. */
  readonly differences: Readonly<Record<string, Readonly<Record<string, Interval>>>>;
  readonly lifts: Readonly<Record<string, Readonly<Record<string, Interval>>>>;
}

export interface Report {
  readonly accounts: number;
  readonly cases: number;
  readonly items: number;
  readonly dim: number;
  readonly trainActions: number;
  readonly count: number;
  readonly threshold: number;
  readonly hasClock: boolean;
  /** By what miscalibration is measured. */
  readonly topics: "categories" | "clusters";
  readonly resamples: number;
  readonly seed: number;
  readonly references: readonly string[];
  /** Names of the rows that are sages. */
  readonly variants: readonly string[];
  /** Names of the rows of each sweep, by its values. */
  readonly sweeps: readonly { readonly option: string; readonly points: readonly string[] }[];
  readonly rows: readonly ReportRow[];
}

export interface ReportOptions {
  readonly threshold: number;
  readonly count: number;
  readonly resamples: number;
  readonly seed: number;
  readonly references: readonly string[];
  readonly variants: readonly Variant[];
  readonly sweeps: readonly Sweep[];
}

export function makeReport(rows: readonly Row[], data: EvalData, options: ReportOptions): Report {
  const series = rows.flatMap(({ values }) => values);
  const bootstrap = new Bootstrap(series, options.resamples, options.seed);
  const seriesOf = (row: number, metric: number): number => row * METRICS.length + metric;
  const references = options.references.map((name) => rows.findIndex((row) => row.name === name));
  const perMetric = (statistic: (metric: number) => Interval): Record<string, Interval> =>
    Object.fromEntries(METRICS.map(({ name }, metric) => [name, statistic(metric)]));
  const perReference = (
    statistic: (metric: number, reference: number) => Interval,
  ): Record<string, Record<string, Interval>> =>
    Object.fromEntries(
      references.map((reference) => [
        rows[reference]!.name,
        perMetric((metric) => statistic(metric, reference)),
      ]),
    );
  return {
    accounts: data.accounts,
    cases: data.cases.length,
    items: data.vectors.ids.length,
    dim: data.vectors.dim,
    trainActions: data.train.row.length,
    hasClock: data.hasClock,
    topics: data.categories ? "categories" : "clusters",
    ...options,
    variants: options.variants.map(({ name }) => name),
    sweeps: options.sweeps.map(({ option, variants }) => ({
      option,
      points: variants.map(({ name }) => name),
    })),
    rows: rows.map(({ name, title, coverage, milliseconds }, row) => ({
      name,
      title,
      coverage,
      ...(milliseconds !== undefined && { milliseconds }),
      metrics: perMetric((metric) => bootstrap.mean(seriesOf(row, metric))),
      differences: perReference((metric, reference) =>
        bootstrap.difference(seriesOf(row, metric), seriesOf(reference, metric)),
      ),
      lifts: perReference((metric, reference) =>
        bootstrap.lift(seriesOf(row, metric), seriesOf(reference, metric)),
      ),
    })),
  };
}
