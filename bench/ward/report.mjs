// How the results of a Ward bench are told: tables for the terminal, and the part of docs/figures.md.
import { table, title } from "../../scripts/lib/say.mjs";
import { markdownTable, writeFigures } from "../figures.mjs";
import { contestants } from "./contestants.mjs";

const shown = { data: "mixture", dim: 256 };
const labels = Object.fromEntries(contestants.map(({ name, label }) => [name, label]));
const count = (n) => n.toLocaleString("en");

/** Everything, a table a group. */
export function printWard({ results, first, skipped }) {
  for (const { data, n, dim, contestants: found, absent } of results) {
    title(`${data}, n = ${count(n)}, d = ${dim}\n`);
    const timed = found.filter(({ error }) => !error);
    if (timed.length > 0) {
      table([
        ["contestant", "CPU ms", "wall ms", "times", "memory MB", "calls"],
        ...timed.map((one) => [
          one.name,
          digits(one.cpu),
          digits(one.wall),
          times(one),
          megabytes(one.memory),
          one.calls,
        ]),
      ]);
    }
    for (const { name, error } of found.filter((one) => one.error))
      console.log(`  ${name}: ${error}`);
    for (const { name, difference } of timed.filter(({ sameTree }) => sameTree === false)) {
      console.log(
        `  ${name} found another tree: one of its squared heights is ${(100 * difference).toPrecision(2)} % away.`,
      );
    }
    for (const { name, why } of absent) console.log(`  without ${name}: ${why}`);
  }
  if (first) {
    title(
      `The first call of a fresh process, n = ${first.n}, d = ${first.dim}, wall ms (median of ${first.processes})\n`,
    );
    table([
      ["what", "wall ms", "CPU ms"],
      [
        "import and init, which clusters 8 vectors",
        digits(first.load.wall),
        digits(first.load.cpu),
      ],
      ["first call", digits(first.call.wall), digits(first.call.cpu)],
      ...first.warm.map(({ name, wall, cpu }) => [`${name}, warm`, digits(wall), digits(cpu)]),
    ]);
  }
  for (const { name, why } of skipped) console.log(`\n  ${name} left out: ${why}`);
}

/** Writes the results into docs/figures.md. */
export async function writeWardFigures({ results, first }) {
  const groups = results.filter(({ data, dim }) => data === shown.data && dim === shown.dim);
  const names = contestants
    .map(({ name }) => name)
    .filter((name) => groups.some((group) => find(group, name)));
  const table = markdownTable([
    ["", ...groups.map(({ n }) => `n = ${count(n)}`)],
    ...names.map((name) => [labels[name], ...groups.map((group) => cell(find(group, name)))]),
  ]);
  const lines = [
    otherShapes(results),
    firstLine(first),
    memoryLine(groups.at(-1)),
    largest(results),
    otherTrees(results),
  ].filter(Boolean);
  await writeFigures("ward", `${table}\n\n${lines.map((line) => `- ${line}`).join("\n")}`);
}

function find(group, name) {
  return group?.contestants.find((one) => one.name === name && !one.error);
}

function cell(one) {
  return one ? `${digits(one.cpu)} (${times(one)})` : "";
}

/** fastcluster's times of ours wherever the table does not say it. */
function otherShapes(results) {
  const others = results.filter(
    (group) => (group.data !== shown.data || group.dim !== shown.dim) && find(group, "fastcluster"),
  );
  const told = [...grouped(others)].map(([name, groups]) => {
    const ratios = groups.map(
      (group) => `${times(find(group, "fastcluster"))} at ${count(group.n)}`,
    );
    return `${name}: ${ratios.join(", ")}`;
  });
  return told.length > 0 && `fastcluster elsewhere: ${told.join("; ")}.`;
}

/** By data and dim, named by them. */
function grouped(groups) {
  const all = new Map();
  for (const group of groups) {
    const name =
      group.data === shown.data ? `d = ${group.dim}` : `${group.data} (d = ${group.dim})`;
    all.set(name, [...(all.get(name) ?? []), group]);
  }
  return all;
}

function firstLine(first) {
  if (!first) return undefined;
  const { n, load, call, warm } = first;
  const peer = warm.find(({ name }) => name === "fastcluster");
  const beside = peer ? ` (fastcluster, warm: ${digits(peer.wall)} ms)` : "";
  return `The first call of a fresh process, n = ${n}: ${digits(call.wall)} ms on the clock${beside}, after ${digits(load.wall)} ms of loading (in which \`init()\` clusters eight vectors, or the first call would take 2 to 3 ms more).`;
}

function memoryLine(group) {
  const told = ["ours", "fastcluster", "scipy", "kodama"].flatMap((name) => {
    const one = find(group, name);
    return one?.memory === undefined ? [] : [`${labels[name]} ${megabytes(one.memory)} MB`];
  });
  return told.length > 0 && `Peak memory at n = ${count(group.n)}: ${told.join(", ")}.`;
}

function largest(results) {
  const {
    n,
    dim,
    contestants: found,
    absent,
  } = results.findLast((group) => group.n > 10_000) ?? {};
  const ours = found?.find(({ name }) => name === "ours");
  if (!ours) return undefined;
  const what = ours.error
    ? "does not fit"
    : `${digits(ours.cpu / 1000)} s, ${megabytes(ours.memory)} MB`;
  const peers = absent.find(({ name }) => name === "fastcluster");
  return `n = ${count(n)}, d = ${dim}: ${what}.${peers ? ` No peer takes part: ${peers.why}.` : ""}`;
}

/** What was excused; anything else would have ended the run. */
function otherTrees(results) {
  const told = results.flatMap(({ data, n, dim, contestants: found }) =>
    found
      .filter(({ sameTree }) => sameTree === false)
      .map(({ name }) => `${labels[name]} (${data}, n = ${count(n)}, d = ${dim})`),
  );
  return (
    told.length > 0 &&
    `Rounding of f32 led to a tree that differs from the other contestants': ${told.join(", ")}.`
  );
}

/** CPU time, in times of the first contestant. */
function times({ ratio: { cpu } }) {
  return `${cpu.toFixed(cpu < 10 ? 2 : 0)}x`;
}

/** Three digits that count. */
function digits(number) {
  return number < 100 ? number.toPrecision(3) : count(Math.round(number));
}

function megabytes(bytes) {
  return bytes === undefined ? "" : digits(bytes / 2 ** 20);
}
