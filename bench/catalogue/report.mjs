// Prints the results of the catalogue bench, and writes its part of docs/figures.md.
import { cpus } from "node:os";
import { printTitle } from "../../scripts/lib/output.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { formatNumber } from "../timing.mjs";
import { MIN_RECALL } from "./measure.mjs";

const tableHead = [
  "",
  "recall@10",
  "query",
  "ratio",
  "isolated",
  "ratio",
  "isolated/hot",
  "build",
  "first query",
  "load",
  "memory, MB",
  "five in one call",
  "five calls",
];

/** Prints the results of one data set as a markdown table. */
export function printDataSet({ set, runs, skipped }) {
  printTitle(`${set}: CPU ms, node ${process.versions.node}, ${cpus()[0].model}\n`);
  const rows = runs.map((run) => [
    [run.name, run.effort && `ef ${run.effort}`, run.note].filter(Boolean).join(", "),
    run.recall.toFixed(3),
    formatIfMeasured(run.milliseconds),
    run.ratio.toFixed(2),
    formatIfMeasured(run.isolated.milliseconds),
    run.isolated.ratio.toFixed(2),
    (run.isolated.milliseconds / run.milliseconds).toFixed(2),
    ...[run.build, run.first, run.load, run.memory && run.memory / 2 ** 20].map(formatIfMeasured),
    ...[run.five, run.fiveCalls].map(formatIfMeasured),
  ]);
  console.log(markdownTable([tableHead, ...rows]));
  for (const { name, why } of skipped) console.log(`\n${name} left out: ${why}`);
}

/** The results in Chromium as one sentence, or the reason why there are none. */
export function chromiumLine({ skipped, chromium: version, results }) {
  if (skipped) return `Chromium left out: ${skipped}`;
  const formatRun = ({ name, milliseconds, recall, skipped: why }) =>
    why
      ? `${name} left out (${why})`
      : `${name} ${formatIfMeasured(milliseconds)} (recall ${recall.toFixed(3)})`;
  const measuredSets = results.map(({ set, runs }) => `${set}: ${runs.map(formatRun).join(", ")}`);
  return `In headless Chromium ${version}, CPU ms a query: ${measuredSets.join("; ")}.`;
}

/**
 * Writes the results into docs/figures.md: tables of hot and of isolated queries with one row per
 * index and one column per data set, then a line of further figures for each data set.
 */
export async function writeCatalogueFigures({ results, browser }) {
  const measuredSets = results.filter(({ runs }) => runs.length > 0);
  const names = [...new Set(measuredSets.flatMap(({ runs }) => runs.map(({ name }) => name)))];
  const tableOf = (title, timesOf) =>
    markdownTable([
      [title, ...measuredSets.map(({ set }) => set)],
      ...names.map((name) => [
        name,
        ...measuredSets.map(({ runs }) =>
          formatCell(
            runs.find((run) => run.name === name),
            timesOf,
          ),
        ),
      ]),
    ]);
  const tables = [
    tableOf("", (run) => run),
    tableOf("one isolated query", ({ isolated }) => isolated),
  ].join("\n\n");
  const skipped = measuredSets
    .flatMap((result) => result.skipped)
    .map(({ name, why }) => `- ${name} left out: ${why.split(" (")[0].slice(0, 80)}.`);
  const lines = [
    ...measuredSets.map(detailLine),
    `- ${chromiumLine(browser)}`,
    ...new Set(skipped),
  ];
  await writeFigures("catalogue", `${tables}\n\n${lines.join("\n")}`);
}

/**
 * A table cell: CPU ms that `timesOf` selects, their ratio to PocketSage, and the recall if it is
 * below MIN_RECALL.
 */
function formatCell(run, timesOf) {
  if (!run) return "";
  const { milliseconds, ratio } = timesOf(run);
  const recall = run.recall < MIN_RECALL ? `, recall ${run.recall.toFixed(3)}` : "";
  return `${formatIfMeasured(milliseconds)} (${ratio.toFixed(ratio < 10 ? 2 : 0)}x)${recall}`;
}

/** The figures of PocketSage on one data set as one line. */
function detailLine({ set, runs }) {
  const [ourRun] = runs;
  const peerRun = runs.find(({ name }) => name === "hnswlib-wasm");
  const besidePeer = (value) =>
    value === undefined ? "" : ` (hnswlib-wasm: ${formatIfMeasured(value)})`;
  const facts = [
    `recall ${ourRun.recall.toFixed(3)}${ourRun.note ? ` (${ourRun.note})` : ""}`,
    `made in ${formatIfMeasured(ourRun.build)} ms, ` +
      `${formatIfMeasured(ourRun.firstBuild)} the first time` +
      besidePeer(peerRun?.build),
    `ready from bytes in ${formatIfMeasured(ourRun.load)} ms${besidePeer(peerRun?.load)}`,
    `first query of a process ${formatIfMeasured(ourRun.first)} ms`,
    `an isolated query takes ${(ourRun.isolated.milliseconds / ourRun.milliseconds).toFixed(2)} ` +
      "times a hot one",
    `five queries in one call ${formatIfMeasured(ourRun.five)} ms, ` +
      `in five ${formatIfMeasured(ourRun.fiveCalls)}`,
    `${formatIfMeasured(ourRun.memory / 2 ** 20)} MB of wasm memory`,
    `${ourRun.bytesPerItem.toFixed(0)} bytes an item with its id`,
  ];
  return `- PocketSage, ${set}: ${facts.join("; ")}.`;
}

function formatIfMeasured(value) {
  return value === undefined ? "" : formatNumber(value);
}
