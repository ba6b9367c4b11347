// Plots of the tables in docs/figures.md, which the benches write. No number is typed here.
import { label, path, picture, rectangle, spread } from "./svg.mjs";

/** Rows of the table after the marker `name` of docs/figures.md, as arrays of cells. */
function tableAfter(figures, name) {
  const found = figures.match(new RegExp(`<!-- ${name}:begin -->\\n(\\|[\\s\\S]*?)\\n(?!\\|)`));
  if (!found) throw new Error(`docs/figures.md has no table after the marker ${name}:begin`);
  const rows = found[1].split("\n").map((line) => line.split("|").slice(1, -1));
  return rows.filter((_, row) => row !== 1).map((row) => row.map((cell) => cell.trim()));
}

/** The first number of a cell; undefined for an empty one. */
function numberOf(cell) {
  const digits = cell.match(/[\d.,]+/)?.[0].replaceAll(",", "");
  return digits === undefined ? undefined : Number(digits);
}

const powersBetween = (low, high) =>
  Array.from(
    { length: Math.floor(Math.log10(high)) - Math.ceil(Math.log10(low)) + 1 },
    (_, i) => 10 ** (Math.ceil(Math.log10(low)) + i),
  );

/** Lines on two logarithmic axes, with the names beside their ends. */
function linesPlot({ title, unit, xs, lines }) {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== undefined));
  const [low, high] = [Math.min(...values) / 1.5, Math.max(...values) * 1.5];
  const scale = (value, from, to) => Math.log(value / from) / Math.log(to / from);
  const x = (value) => 50 + scale(value, xs[0], xs.at(-1)) * 250;
  const y = (value) => 280 - scale(value, low, high) * 255;
  const points = lines.map((line) =>
    line.values.flatMap((value, i) => (value === undefined ? [] : [[x(xs[i]), y(value)]])),
  );
  const ends = points.map((line) => line.at(-1));
  const isFull = ends.map(([end]) => end === x(xs.at(-1)));
  const places = spread(
    ends.filter((_, i) => isFull[i]).map(([, end]) => end),
    15,
  );
  const names = ends.map(([, end], i) => (isFull[i] ? places.shift() : end));
  return picture(460, 310, title, [
    powersBetween(low, high).map((power) => [
      path(
        [
          [50, y(power)],
          [300, y(power)],
        ],
        "grid",
        { "stroke-width": 1 },
      ),
      label(44, y(power) + 4, power.toLocaleString("en-GB"), {
        anchor: "end",
        kind: "muted",
        size: 11,
      }),
    ]),
    xs.map((value) =>
      label(x(value), 298, value.toLocaleString("en-GB"), {
        anchor: "middle",
        kind: "muted",
        size: 11,
      }),
    ),
    label(8, 14, unit, { kind: "muted", size: 11 }),
    lines.map(({ name, ours }, i) => [
      path(points[i], ours ? "accent-line" : "line", { "stroke-width": ours ? 3 : 1.2 }),
      label(ends[i][0] + 8, names[i] + 4, name, {
        size: 12,
        kind: ours ? "accent" : "muted",
        weight: ours ? 600 : undefined,
      }),
    ]),
  ]);
}

const SHORT = {
  "PocketSage (wasm)": "PocketSage",
  "PocketSage, one action more, to interests (wasm)": "PocketSage, 1 more",
  "NumPy sgemm + fastcluster (C++)": "NumPy + fastcluster",
};
const WARD_ROWS = [
  "PocketSage (wasm)",
  "PocketSage, one action more, to interests (wasm)",
  "NumPy sgemm + fastcluster (C++)",
  "fastcluster (C++)",
  "SciPy (C)",
  "kodama (Rust)",
  "kodama (wasm)",
  "ml-hclust (JavaScript)",
];

export function wardPlot(figures) {
  const [head, ...rows] = tableAfter(figures, "ward");
  const lines = rows
    .filter(([name]) => WARD_ROWS.includes(name))
    .map(([name, ...cells]) => ({
      name: SHORT[name] ?? name,
      ours: name.startsWith("PocketSage"),
      values: cells.map(numberOf),
    }));
  const xs = head.slice(1).map(numberOf);
  return linesPlot({ title: "Time of a Ward tree by the number of rows", unit: "ms", xs, lines });
}

/** Bars of one column of the catalogue table, on a logarithmic axis. */
export function cataloguePlot(figures) {
  const [head, ...rows] = tableAfter(figures, "catalogue");
  const column = head.findIndex((cell) => cell.startsWith("mixture, 20000"));
  const bars = rows
    .map((cells) => ({ name: cells[0], value: numberOf(cells[column]), cell: cells[column] }))
    .filter(({ value }) => value !== undefined)
    .sort((a, b) => a.value - b.value);
  const [low, high] = [bars[0].value / 2, bars.at(-1).value];
  const width = (value) => (Math.log(value / low) / Math.log(high / low)) * 240;
  return picture(460, 34 + bars.length * 24, "Time of a query in 20,000 x 256", [
    label(160, 16, "ms a query, logarithmic", { kind: "muted", size: 11 }),
    bars.map(({ name, value, cell }, row) => {
      const y = 26 + row * 24;
      const ours = name.startsWith("PocketSage");
      const recall = cell.match(/recall [\d.]+/)?.[0];
      const text = `${cell.split(" ")[0]}${recall ? `, ${recall}` : ""}`;
      const isLong = width(value) > 150;
      return [
        label(152, y + 13, name, { anchor: "end", size: 12, weight: ours ? 600 : undefined }),
        rectangle(160, y, width(value), 17, ours ? "accent" : "dot", { rx: 2 }),
        label(isLong ? 166 : 165 + width(value), y + 13, text, { size: 11 }),
      ];
    }),
  ]);
}

export function journalPlot(figures) {
  const rows = tableAfter(figures, "journal").slice(1);
  const stores = [...new Set(rows.map(([store]) => store))];
  const xs = rows.filter(([store]) => store === stores[0]).map(([, count]) => numberOf(count));
  const lines = stores.map((name) => ({
    name: name.replace("IndexedDB, ", "").replace("Durable Object, ", ""),
    ours: true,
    values: rows.filter(([store]) => store === name).map((cells) => numberOf(cells[3])),
  }));
  const title = "Time of record() of one action by the length of the history";
  return linesPlot({ title, unit: "ms", xs, lines });
}
