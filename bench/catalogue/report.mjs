// Output of the catalogue bench: tables for the terminal, and its part of docs/figures.md.
import { cpus } from "node:os";
import { printTitle } from "../../scripts/lib/output.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { formatNumber } from "../timing.mjs";
import { MIN_RECALL } from "./measure.mjs";

const head = [
  ...["", "recall@10", "query", "ratio", "build", "first query", "load", "memory, MB"],
  ...["five in one call", "five calls"],
];

/** Prints one set as a markdown table. */
export function printSet({ set, runs, skipped }) {
  printTitle(`${set}: CPU ms, node ${process.versions.node}, ${cpus()[0].model}\n`);
  const rows = runs.map((run) => [
    [run.name, run.effort && `ef ${run.effort}`, run.note].filter(Boolean).join(", "),
    run.recall.toFixed(3),
    format(run.milliseconds),
    run.ratio.toFixed(1),
    ...[run.build, run.first, run.load, run.memory && run.memory / 2 ** 20].map(format),
    ...[run.five, run.fiveCalls].map(format),
  ]);
  console.log(markdownTable([head, ...rows]));
  for (const { name, why } of skipped) console.log(`\n${name} left out: ${why}`);
}

/** The results in Chromium as one sentence, or why there are none. */
export function chromiumLine({ skipped, chromium: version, results }) {
  if (skipped) return `Chromium left out: ${skipped}`;
  const part = ({ name, milliseconds, recall, skipped: why }) =>
    why
      ? `${name} left out (${why})`
      : `${name} ${format(milliseconds)} (recall ${recall.toFixed(3)})`;
  const sets = results.map(({ set, runs }) => `${set}: ${runs.map(part).join(", ")}`);
  return `In headless Chromium ${version}, CPU ms a query: ${sets.join("; ")}.`;
}

/**
 * Writes the results into docs/figures.md: one row per index and one column per set, then a line
 * for each figure that only PocketSage has.
 */
export async function writeCatalogueFigures({ results, browser }) {
  const sets = results.filter(({ runs }) => runs.length > 0);
  const names = [...new Set(sets.flatMap(({ runs }) => runs.map(({ name }) => name)))];
  const table = markdownTable([
    ["", ...sets.map(({ set }) => set)],
    ...names.map((name) => [
      name,
      ...sets.map(({ runs }) => cell(runs.find((run) => run.name === name))),
    ]),
  ]);
  const skipped = sets
    .flatMap((result) => result.skipped)
    .map(({ name, why }) => `- ${name} left out: ${why.split(" (")[0].slice(0, 80)}.`);
  const lines = [...sets.map(detailLine), `- ${chromiumLine(browser)}`, ...new Set(skipped)];
  await writeFigures("catalogue", `${table}\n\n${lines.join("\n")}`);
}

function cell(run) {
  if (!run) return "";
  const recall = run.recall < MIN_RECALL ? `, recall ${run.recall.toFixed(3)}` : "";
  return `${format(run.milliseconds)} (${run.ratio.toFixed(1)}x)${recall}`;
}

function detailLine({ set, runs }) {
  const [ours] = runs;
  const peer = runs.find(({ name }) => name === "hnswlib-wasm");
  const beside = (value) => (value === undefined ? "" : ` (hnswlib-wasm: ${format(value)})`);
  const facts = [
    `recall ${ours.recall.toFixed(3)}${ours.note ? ` (${ours.note})` : ""}`,
    `made in ${format(ours.build)} ms, ${format(ours.firstBuild)} the first time` +
      beside(peer?.build),
    `ready from bytes in ${format(ours.load)} ms${beside(peer?.load)}`,
    `first query of a process ${format(ours.first)} ms`,
    `five queries in one call ${format(ours.five)} ms, in five ${format(ours.fiveCalls)}`,
    `${format(ours.memory / 2 ** 20)} MB of wasm memory`,
    `${ours.bytesPerItem.toFixed(0)} bytes an item with its id`,
  ];
  return `- PocketSage, ${set}: ${facts.join("; ")}.`;
}

function format(value) {
  return value === undefined ? "" : formatNumber(value);
}
