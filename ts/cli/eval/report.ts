/** The report of an evaluation: as data, and as a table for the terminal. */
import { countOf, print, printTable } from "../terminal/print.js";
import type { EvalData } from "./accounts.js";
import { Bootstrap, type Interval } from "./bootstrap.js";
import type { Row } from "./evaluate.js";
import { METRICS } from "./metrics.js";

/** A difference to a reference is shown for these metrics. */
const COMPARED_METRICS = ["relevance", "recall"];

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
  readonly resamples: number;
  readonly seed: number;
  readonly references: readonly string[];
  readonly rows: readonly ReportRow[];
}

export interface ReportOptions {
  readonly threshold: number;
  readonly count: number;
  readonly resamples: number;
  readonly seed: number;
  readonly references: readonly string[];
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
    ...options,
    rows: rows.map(({ name, title, coverage, milliseconds }, row) => ({
      ...{ name, title, coverage, ...(milliseconds !== undefined && { milliseconds }) },
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

/** Prints the report as tables: the metrics, then the differences to each reference. */
export function printReport(report: Report): void {
  const { accounts, cases, items, count, threshold } = report;
  print(
    `${countOf(accounts, "account")}, ${countOf(cases, "case")}, ${countOf(items, "item")}; ` +
      `${count} recommendations; near from cosine ${threshold.toFixed(3)}`,
  );
  const metricNames = METRICS.map(({ title, lowerIsBetter }) =>
    lowerIsBetter ? `>${title} (low)` : `>${title}`,
  );
  printTable(
    ["method", ...metricNames, ">coverage"],
    report.rows.map(({ title, metrics, coverage }) => [
      title,
      ...METRICS.map(({ name }) => formatValue(metrics[name]!.value)),
      formatValue(coverage),
    ]),
  );
  for (const reference of report.references) {
    const title = report.rows.find(({ name }) => name === reference)!.title;
    print("");
    print(`Difference to ${title}, with 95 % intervals (paired bootstrap over accounts)`);
    printTable(
      ["method", ...COMPARED_METRICS.flatMap((metric) => [`>${metric}`, ">lift"])],
      report.rows
        .filter(({ name }) => name !== reference)
        .map(({ title, differences, lifts }) => [
          title,
          ...COMPARED_METRICS.flatMap((metric) => [
            formatInterval(differences[reference]![metric]!),
            `${formatSigned(lifts[reference]![metric]!.value * 100, 0)} %`,
          ]),
        ]),
    );
  }
}

/** Three decimals without the leading zero of values below 1. */
function formatValue(value: number): string {
  return value.toFixed(3).replace(/^(-?)0\./, "$1.");
}

function formatInterval({ value, low, high }: Interval): string {
  return `${formatSigned(value)} [${formatSigned(low)}, ${formatSigned(high)}]`;
}

function formatSigned(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "-";
  return (value < 0 ? "" : "+") + value.toFixed(digits).replace(/^(-?)0\./, "$1.");
}
