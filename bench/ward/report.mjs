// Prints the results of the Ward bench, and writes its part of docs/figures.md.
import { printTable, printTitle } from "../../scripts/lib/output.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { formatCount, formatNumber } from "../timing.mjs";
import { contestants } from "./contestants.mjs";

const figuresTask = { data: "mixture", dim: 256 }; // the columns of the table in docs/figures.md
const labelByName = Object.fromEntries(contestants.map(({ name, label }) => [name, label]));

/** Prints all results, one table per task. */
export function printWard({ results, first, skipped }) {
  for (const result of results) printTask(result);
  if (first) printFirstCall(first);
  for (const { name, why } of skipped) console.log(`\n  ${name} left out: ${why}`);
}

function printTask({ data, n, dim, contestants: runs, absent }) {
  printTitle(`${data}, n = ${formatCount(n)}, d = ${dim}\n`);
  const timedRuns = runs.filter(({ error }) => !error);
  if (timedRuns.length > 0) {
    printTable([
      ["contestant", "hot, ms", "x", "isolated, ms", "x", "isolated/hot", "MB", "calls"],
      ...timedRuns.map((run) => [
        run.name,
        formatNumber(run.cpu),
        formatRatio(run),
        formatNumber(run.isolated.cpu),
        formatRatio(run.isolated),
        (run.isolated.cpu / run.cpu).toFixed(2),
        formatMegabytes(run.memory),
        run.calls,
      ]),
    ]);
  }
  for (const { name, error } of runs.filter((run) => run.error)) console.log(`  ${name}: ${error}`);
  for (const { name, difference } of timedRuns.filter(({ sameTree }) => sameTree === false)) {
    const percent = (100 * difference).toPrecision(2);
    console.log(`  ${name}: another tree, a squared height differs by ${percent} %`);
  }
  for (const { name, why } of absent) console.log(`  without ${name}: ${why}`);
}

function printFirstCall({ n, dim, processes, load, call, warm }) {
  printTitle(
    `First call of a fresh process, n = ${n}, d = ${dim}, wall ms (median of ${processes})\n`,
  );
  const row = (name, { wall, cpu }) => [name, formatNumber(wall), formatNumber(cpu)];
  printTable([
    ["what", "wall ms", "CPU ms"],
    row("import and init, which clusters 32 vectors", load),
    row("first call", call),
    ...warm.map((run) => row(`${run.name}, warm`, run)),
  ]);
}

/** Writes the results into docs/figures.md. */
export async function writeWardFigures({ results, first }) {
  const columnTasks = results.filter(
    ({ data, dim }) => data === figuresTask.data && dim === figuresTask.dim,
  );
  const names = contestants
    .map(({ name }) => name)
    .filter((name) => columnTasks.some((task) => findRun(task, name)));
  const tableOf = (title, timesOf) =>
    markdownTable([
      [title, ...columnTasks.map(({ n }) => `n = ${formatCount(n)}`)],
      ...names.map((name) => [
        labelByName[name],
        ...columnTasks.map((task) => formatCell(findRun(task, name), timesOf)),
      ]),
    ]);
  const tables = [
    tableOf("", (run) => run),
    tableOf("one isolated call", ({ isolated }) => isolated),
  ].join("\n\n");
  const lines = [
    isolationLine(columnTasks),
    ...otherTasksLines(results),
    firstCallLine(first),
    memoryLine(columnTasks.at(-1)),
    largestTaskLine(results),
    otherTreesLine(results),
  ].filter(Boolean);
  await writeFigures("ward", `${tables}\n\n${lines.map((line) => `- ${line}`).join("\n")}`);
}

function findRun(task, name) {
  return task?.contestants.find((run) => run.name === name && !run.error);
}

/** The times of a run that `timesOf` selects as a table cell. */
function formatCell(run, timesOf) {
  if (!run) return "";
  const times = timesOf(run);
  return `${formatNumber(times.cpu)} (${formatRatio(times)})`;
}

/** A line with how much longer isolated calls take than hot ones. */
function isolationLine(tasks) {
  const parts = ["ours", "fastcluster", "sgemm"].flatMap((name) => {
    const measured = tasks.filter((task) => findRun(task, name));
    const factors = measured.map((task) => {
      const { cpu, isolated } = findRun(task, name);
      return `${(isolated.cpu / cpu).toFixed(2)} at ${formatCount(task.n)}`;
    });
    return factors.length > 0 ? [`${labelByName[name]} ${factors.join(", ")}`] : [];
  });
  const title = "Time of an isolated call divided by that of a hot one";
  return parts.length > 0 && `${title}: ${parts.join("; ")}.`;
}

/** Lines with the ratios of two peers in the tasks that are not columns, hot and isolated. */
function otherTasksLines(results) {
  const isColumn = ({ data, dim }) => data === figuresTask.data && dim === figuresTask.dim;
  return ["fastcluster", "sgemm"].map((name) => {
    const otherTasks = results.filter((task) => !isColumn(task) && findRun(task, name));
    const parts = [...new Set(otherTasks.map(taskLabel))].map((label) => {
      const ratios = otherTasks
        .filter((task) => taskLabel(task) === label)
        .map((task) => `${formatBothRatios(findRun(task, name))} at ${formatCount(task.n)}`);
      return `${label}: ${ratios.join(", ")}`;
    });
    return parts.length > 0 && `${labelByName[name]} elsewhere: ${parts.join("; ")}.`;
  });
}

/** The hot ratio, and the isolated one in parentheses. */
const formatBothRatios = (run) => `${formatRatio(run)} (isolated ${formatRatio(run.isolated)})`;

function taskLabel({ data, dim }) {
  return data === figuresTask.data ? `d = ${dim}` : `${data} (d = ${dim})`;
}

/** A line with the duration of the first call in a fresh process. */
function firstCallLine(first) {
  if (!first) return undefined;
  const { n, load, call, warm } = first;
  const peer = warm.find(({ name }) => name === "fastcluster");
  const beside = peer ? ` (fastcluster, warm: ${formatNumber(peer.wall)} ms)` : "";
  return (
    `The first call of a fresh process, n = ${n}: ${formatNumber(call.wall)} ms on the ` +
    `clock${beside}, after ${formatNumber(load.wall)} ms of loading (in which \`init()\` ` +
    "clusters 32 vectors, or the first call would take 2 to 3 ms more)."
  );
}

/** A line with the peak memory of some contestants in a task. */
function memoryLine(task) {
  const parts = ["ours", "fastcluster", "scipy", "kodama"].flatMap((name) => {
    const run = findRun(task, name);
    return run?.memory === undefined
      ? []
      : [`${labelByName[name]} ${formatMegabytes(run.memory)} MB`];
  });
  return parts.length > 0 && `Peak memory at n = ${formatCount(task.n)}: ${parts.join(", ")}.`;
}

/** A line with time and memory of PocketSage in a task too large for the compared libraries. */
function largestTaskLine(results) {
  const task = results.findLast(({ n }) => n > 10_000);
  const ours = task?.contestants.find(({ name }) => name === "ours");
  if (!ours) return undefined;
  const cost = ours.error
    ? "does not fit"
    : `${formatNumber(ours.cpu / 1000)} s, ${formatMegabytes(ours.memory)} MB`;
  const peer = task.absent.find(({ name }) => name === "fastcluster");
  const absence = peer ? ` No peer takes part: ${peer.why}.` : "";
  return `n = ${formatCount(task.n)}, d = ${task.dim}: ${cost}.${absence}`;
}

/** A line that lists the contestants whose tree differs, as contestants.mjs permits (mayDiffer). */
function otherTreesLine(results) {
  const parts = results.flatMap(({ data, n, dim, contestants: runs }) =>
    runs
      .filter(({ sameTree }) => sameTree === false)
      .map(({ name }) => `${labelByName[name]} (${data}, n = ${formatCount(n)}, d = ${dim})`),
  );
  return (
    parts.length > 0 &&
    `Rounding of f32 led to a tree that differs from the other contestants': ${parts.join(", ")}.`
  );
}

/** The CPU time relative to that of the first contestant, as text. */
function formatRatio({ ratio: { cpu } }) {
  return `${cpu.toFixed(cpu < 10 ? 2 : 0)}x`;
}

function formatMegabytes(bytes) {
  return bytes === undefined ? "" : formatNumber(bytes / 2 ** 20);
}
