/** The report as Markdown and as one HTML file without scripts or requests. */
import { METRICS } from "./metrics.js";
import { dotPlot, escapeHtml, linePlot, scatterPlot } from "./plots.js";
import type { Report } from "./report.js";
import {
  COMPARED_METRICS,
  differenceTables,
  INTERVALS_NOTE,
  metricsTable,
  type ReportTable,
  shownRows,
  summaryOf,
  titleOf,
} from "./report-format.js";

/** What the columns of the table of metrics mean. */
const MEANINGS: readonly { readonly title: string; readonly meaning: string }[] = [
  ...METRICS,
  { title: "coverage", meaning: "share of all items that are recommended to at least one account" },
];

/** The report as Markdown. */
export function toMarkdown(report: Report): string {
  const cell = (text: string): string => text.replace(/[|\\]/g, "\\$&");
  const table = ({ title, header, rows }: ReportTable): string =>
    [
      `## ${title}`,
      "",
      `| ${header.map((name) => cell(name.replace(/^>/, ""))).join(" | ")} |`,
      `|${header.map((name) => (name.startsWith(">") ? "---:" : "---")).join("|")}|`,
      ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
    ].join("\n");
  return `${[
    "# Evaluation",
    `${summaryOf(report)}. ${INTERVALS_NOTE}, ${report.resamples} resamples, seed ${report.seed}.`,
    ...[metricsTable(report), ...differenceTables(report)].map(table),
    MEANINGS.map(({ title, meaning }) => `- ${title}: ${meaning}`).join("\n"),
  ].join("\n\n")}\n`;
}

/** The report as HTML: readable in light and dark, with plots as inline SVG. */
export function toHtml(report: Report): string {
  const rows = shownRows(report);
  const reference = report.references[0]!;
  const isSage = (name: string): boolean => report.variants.includes(name);
  const figures: [title: string, plot: string][] = [
    ...COMPARED_METRICS.map((metric): [string, string] => [
      `${metric} by method, with 95 % intervals`,
      dotPlot(
        `${metric} by method`,
        [...rows]
          .sort((a, b) => b.metrics[metric]!.value - a.metrics[metric]!.value)
          .map(({ name, title, metrics }) => ({
            label: title,
            isSage: isSage(name),
            interval: metrics[metric]!,
          })),
      ),
    ]),
    [
      "relevance against diversity",
      scatterPlot(
        "diversity",
        "relevance",
        rows.map(({ name, title, metrics }) => ({
          label: title,
          isSage: isSage(name),
          x: metrics.diversity!.value,
          y: metrics.relevance!.value,
        })),
      ),
    ],
    [
      "relevance against coverage",
      scatterPlot(
        "coverage",
        "relevance",
        rows.map(({ name, title, metrics, coverage }) => ({
          label: title,
          isSage: isSage(name),
          x: coverage,
          y: metrics.relevance!.value,
        })),
      ),
    ],
    ...report.sweeps.map(({ option, points }): [string, string] => [
      `lift over ${titleOf(report, reference)} at values of ${option}`,
      linePlot(
        option,
        points.map((name) => name.slice(option.length + 1)),
        COMPARED_METRICS.map((metric) => ({
          label: metric,
          intervals: points.map(
            (name) => report.rows.find((row) => row.name === name)!.lifts[reference]![metric]!,
          ),
        })),
      ),
    ]),
  ];
  const body = [
    "<h1>Evaluation</h1>",
    `<p>${escapeHtml(summaryOf(report))}.</p>`,
    ...figures.map(
      ([title, plot]) => `<figure><figcaption>${escapeHtml(title)}</figcaption>${plot}</figure>`,
    ),
    ...[metricsTable(report), ...differenceTables(report)].map(htmlTable),
    `<p>${INTERVALS_NOTE}, ${report.resamples} resamples, seed ${report.seed}.</p>`,
    `<dl>${MEANINGS.map(
      ({ title, meaning }) => `<dt>${escapeHtml(title)}</dt><dd>${escapeHtml(meaning)}</dd>`,
    ).join("")}</dl>`,
  ];
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width">' +
    `<title>Evaluation</title><style>${STYLE}</style></head>\n` +
    `<body>${body.join("\n")}</body></html>\n`
  );
}

function htmlTable({ title, header, rows }: ReportTable): string {
  const kind = (index: number): string => (header[index]!.startsWith(">") ? ' class="number"' : "");
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row
      .map((cell, index) => `<${tag}${kind(index)}>${escapeHtml(cell)}</${tag}>`)
      .join("")}</tr>`;
  const names = header.map((name) => name.replace(/^>/, ""));
  return (
    `<h2>${escapeHtml(title)}</h2><div class="table"><table><thead>${cells("th", names)}</thead>` +
    `<tbody>${rows.map((row) => cells("td", row)).join("\n")}</tbody></table></div>`
  );
}

const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1f; --muted: #62626c; --grid: #e2e2e8;
  --page: #ffffff; --first: #0b62c4; --second: #b3470b; --other: #8a8a96; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --muted: #a5a5b0; --grid: #35353d;
  --page: #17171b; --first: #6fb1ff; --second: #ff9d5c; --other: #85858f; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
figure { margin: 2rem 0; max-width: 45rem; } figcaption { font-weight: 600; margin-bottom: .5rem; }
svg { width: 100%; height: auto; font-family: inherit; }
svg .label, svg .strong { fill: var(--text); } svg .strong { font-weight: 700; }
svg .tick { fill: var(--muted); } svg .grid { stroke: var(--grid); }
svg .axis { stroke: var(--muted); }
svg circle.first { fill: var(--first); } svg circle.second { fill: var(--second); }
svg circle.other { fill: var(--other); }
svg .interval { stroke-width: 2; } svg .first.interval { stroke: var(--first); }
svg .other.interval { stroke: var(--other); }
svg .line { fill: none; stroke-width: 2; } svg .first.line { stroke: var(--first); }
svg .second.line { stroke: var(--second); } svg .band { opacity: .15; }
svg .first.band, svg .first.text { fill: var(--first); }
svg .second.band, svg .second.text { fill: var(--second); }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--grid); text-align: left;
  white-space: nowrap; } .number { text-align: right; font-variant-numeric: tabular-nums; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
`;
