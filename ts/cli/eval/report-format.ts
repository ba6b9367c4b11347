/** The parts that the text, Markdown and HTML reports share. */
import { print, printTable } from "../terminal/print.js";
import type { Interval } from "./bootstrap.js";
import { METRICS } from "./metrics.js";
import type { Report } from "./report.js";

/** Metrics whose differences to a reference are shown. */
export const COMPARED_METRICS = ["relevance", "recall"];

/** A table: a column name that begins with ">" is right-aligned. */
export interface ReportTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What was measured, in one sentence. */
export function summaryOf(report: Report): string {
  const { accounts, cases, items, dim, trainActions, count, threshold, hasClock } = report;
  const number = (value: number): string => value.toLocaleString("en-US");
  const popularity = hasClock
    ? "popularity counts actions before the first test action of each case"
    : "popularity counts all train actions (there is no common clock)";
  return (
    `${number(accounts)} accounts, ${number(cases)} cases, ${number(items)} items of ${dim} ` +
    `dimensions, ${number(trainActions)} train actions; ${count} recommendations; near from ` +
    `cosine ${threshold.toFixed(3)}; ${popularity}`
  );
}

/** All metrics by method. Rows of sweeps are left out: they are plotted. */
export function metricsTable(report: Report): ReportTable {
  return {
    title: "Metrics",
    header: [
      "method",
      ...METRICS.map(({ title, lowerIsBetter }) =>
        lowerIsBetter ? `>${title} (low)` : `>${title}`,
      ),
      ">coverage",
    ],
    rows: shownRows(report).map(({ title, metrics, coverage }) => [
      title,
      ...METRICS.map(({ name }) => formatValue(metrics[name]!.value)),
      formatValue(coverage),
    ]),
  };
}

/** The differences of all methods to each reference, with intervals and lifts. */
export function differenceTables(report: Report): ReportTable[] {
  return report.references.map((reference) => ({
    title: `Difference to ${titleOf(report, reference)}`,
    header: ["method", ...COMPARED_METRICS.flatMap((metric) => [`>${metric}`, ">lift"])],
    rows: shownRows(report)
      .filter(({ name }) => name !== reference)
      .map(({ title, differences, lifts }) => [
        title,
        ...COMPARED_METRICS.flatMap((metric) => [
          formatInterval(differences[reference]![metric]!),
          `${formatSigned(lifts[reference]![metric]!.value * 100, 0)} %`,
        ]),
      ]),
  }));
}

export const INTERVALS_NOTE = "95 % intervals: paired bootstrap over accounts";

/** The rows of the tables: without the points of sweeps, which are drawn as curves. */
export function shownRows(report: Report): Report["rows"] {
  const swept = new Set(report.sweeps.flatMap(({ points }) => points));
  return report.rows.filter(({ name }) => !swept.has(name));
}

export function titleOf(report: Report, name: string): string {
  return report.rows.find((row) => row.name === name)!.title;
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
  return (value < 0 ? "" : "+") + value.toFixed(digits).replace(/^([+-]?)0\./, "$1.");
}

/** Prints the report as tables: the metrics, then the differences to each reference. */
export function printReport(report: Report): void {
  print(summaryOf(report));
  const [metrics, ...differences] = [metricsTable(report), ...differenceTables(report)];
  printTable(metrics!.header, metrics!.rows);
  for (const { title, header, rows } of differences) {
    print("");
    print(`${title} (${INTERVALS_NOTE})`);
    printTable(header, rows);
  }
}
