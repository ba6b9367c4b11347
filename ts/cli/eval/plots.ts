/** Plots as SVG text, styled by the classes of html-report.ts. */
import type { Interval } from "./bootstrap.js";

/** Text with the characters that HTML reserves escaped. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const WIDTH = 720;
const FONT_SIZE = 12;

interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** A linear scale from the range of `values` to [from, to], with about five round ticks. */
function linearScale(values: readonly number[], from: number, to: number): Scale {
  const finite = values.filter(Number.isFinite);
  let low = Math.min(...finite, Infinity);
  let high = Math.max(...finite, -Infinity);
  if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
  const roughStep = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= roughStep)!;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const begin = first * step;
  const end = last * step;
  const scale = (value: number): number => from + ((value - begin) / (end - begin)) * (to - from);
  return Object.assign(scale, { ticks });
}

function formatTick(value: number, isPercent: boolean): string {
  const text = (isPercent ? value * 100 : value).toFixed(2).replace(/\.?0+$/, "");
  return isPercent ? `${text} %` : text;
}

function svg(height: number, label: string, body: string): string {
  return (
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(label)}" ` +
    `font-size="${FONT_SIZE}">${body}</svg>`
  );
}

function text(
  x: number,
  y: number,
  content: string,
  { anchor = "start", kind = "label" }: { anchor?: string; kind?: string } = {},
): string {
  return (
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" class="${kind}">` +
    `${escapeHtml(content)}</text>`
  );
}

function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" class="${kind}"/>`;
}

function circle(x: number, y: number, kind: string, title: string): string {
  return (
    `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="5" class="${kind}">` +
    `<title>${escapeHtml(title)}</title></circle>`
  );
}

export interface DotRow {
  readonly label: string;
  readonly isSage: boolean;
  readonly interval: Interval;
}

/** One row per method: the value as a dot, its 95 % interval as a line. */
export function dotPlot(label: string, rows: readonly DotRow[]): string {
  const rowHeight = 22;
  const left = 230;
  const right = WIDTH - 60;
  const bottom = rows.length * rowHeight + 8;
  const scale = linearScale(
    [0, ...rows.flatMap(({ interval }) => [interval.low, interval.high])],
    left,
    right,
  );
  const grid = scale.ticks.map(
    (tick) =>
      line(scale(tick), 0, scale(tick), bottom, "grid") +
      text(scale(tick), bottom + 16, formatTick(tick, false), { anchor: "middle", kind: "tick" }),
  );
  const marks = rows.map(({ label: name, isSage, interval }, index) => {
    const y = index * rowHeight + rowHeight / 2 + 4;
    const kind = isSage ? "first" : "other";
    const [value, low, high] = [interval.value, interval.low, interval.high].map((end) =>
      end.toFixed(3),
    );
    const title = `${name}: ${value} [${low}, ${high}]`;
    return (
      text(left - 12, y + 4, name, { anchor: "end", kind: isSage ? "strong" : "label" }) +
      line(scale(interval.low), y, scale(interval.high), y, `${kind} interval`) +
      circle(scale(interval.value), y, kind, title) +
      text(WIDTH, y + 4, interval.value.toFixed(3), { anchor: "end", kind: "label" })
    );
  });
  return svg(bottom + 24, label, grid.join("") + marks.join(""));
}

export interface ScatterPoint {
  readonly label: string;
  readonly isSage: boolean;
  readonly x: number;
  readonly y: number;
}

/** Points with their names; names that would overlap move down or up to the next free line. */
export function scatterPlot(
  xTitle: string,
  yTitle: string,
  points: readonly ScatterPoint[],
): string {
  const left = 52;
  const right = WIDTH - 150;
  const top = 24;
  const bottom = 380;
  const xScale = linearScale(
    points.map(({ x }) => x),
    left,
    right,
  );
  const yScale = linearScale(
    points.map(({ y }) => y),
    bottom,
    top,
  );
  const grid = [
    ...xScale.ticks.map(
      (tick) =>
        line(xScale(tick), top, xScale(tick), bottom, "grid") +
        text(xScale(tick), bottom + 16, formatTick(tick, false), {
          anchor: "middle",
          kind: "tick",
        }),
    ),
    ...yScale.ticks.map(
      (tick) =>
        line(left, yScale(tick), right, yScale(tick), "grid") +
        text(left - 8, yScale(tick) + 4, formatTick(tick, false), { anchor: "end", kind: "tick" }),
    ),
  ];
  const boxes: { x: number; y: number; width: number }[] = [];
  const marks = [...points]
    .sort((a, b) => Number(b.isSage) - Number(a.isSage) || a.y - b.y)
    .map(({ label, isSage, x, y }) => {
      const kind = isSage ? "first" : "other";
      const width = label.length * FONT_SIZE * 0.56;
      const labelX = xScale(x) + 9;
      const labelY = freeLine(boxes, labelX, yScale(y) + 4, width);
      boxes.push({ x: labelX, y: labelY, width });
      return (
        circle(xScale(x), yScale(y), kind, `${label}: ${x.toFixed(3)}, ${y.toFixed(3)}`) +
        text(labelX, labelY, label, { kind: isSage ? "strong" : "label" })
      );
    });
  const titles =
    text(right, bottom + 34, xTitle, { anchor: "end", kind: "tick" }) +
    text(left, 12, yTitle, { kind: "tick" });
  return svg(bottom + 42, `${yTitle} against ${xTitle}`, grid.join("") + marks.join("") + titles);
}

/** The line nearest to `y` on which a label of `width` overlaps no other. */
function freeLine(
  boxes: readonly { x: number; y: number; width: number }[],
  x: number,
  y: number,
  width: number,
): number {
  const isFree = (line: number): boolean =>
    boxes.every(
      (box) => Math.abs(box.y - line) >= FONT_SIZE || box.x + box.width <= x || x + width <= box.x,
    );
  for (let step = 0; step < 40; step += 1) {
    const offset = Math.ceil(step / 2) * (FONT_SIZE / 2) * (step % 2 === 0 ? 1 : -1);
    if (isFree(y + offset)) return y + offset;
  }
  return y;
}

export interface LineSeries {
  readonly label: string;
  readonly intervals: readonly Interval[];
}

/** Lifts at the evenly spaced values of an option: one line per metric, with its interval. */
export function linePlot(
  xTitle: string,
  values: readonly string[],
  series: readonly LineSeries[],
): string {
  const left = 64;
  const right = WIDTH - 110;
  const top = 24;
  const bottom = 260;
  const yScale = linearScale(
    [0, ...series.flatMap(({ intervals }) => intervals.flatMap(({ low, high }) => [low, high]))],
    bottom,
    top,
  );
  const x = (index: number): number =>
    left + 20 + ((right - left - 40) * index) / (values.length - 1);
  const grid = [
    ...yScale.ticks.map(
      (tick) =>
        line(left, yScale(tick), right, yScale(tick), tick === 0 ? "axis" : "grid") +
        text(left - 8, yScale(tick) + 4, formatTick(tick, true), { anchor: "end", kind: "tick" }),
    ),
    ...values.map((value, index) =>
      text(x(index), bottom + 16, value, { anchor: "middle", kind: "tick" }),
    ),
  ];
  const boxes: { x: number; y: number; width: number }[] = [];
  const lines = series.map(({ label, intervals }, index) => {
    const kind = index === 0 ? "first" : "second";
    const points = (pick: (interval: Interval) => number): string[] =>
      intervals.map(
        (interval, position) => `${x(position).toFixed(1)},${yScale(pick(interval)).toFixed(1)}`,
      );
    const band = [...points(({ high }) => high), ...points(({ low }) => low).reverse()].join(" ");
    const labelY = freeLine(boxes, right - 8, yScale(intervals.at(-1)!.value) + 4, 90);
    boxes.push({ x: right - 8, y: labelY, width: 90 });
    return (
      `<polygon points="${band}" class="${kind} band"/>` +
      `<polyline points="${points(({ value }) => value).join(" ")}" class="${kind} line"/>` +
      intervals
        .map((interval, position) =>
          circle(
            x(position),
            yScale(interval.value),
            kind,
            `${label}, ${values[position]}: ${formatTick(interval.value, true)}`,
          ),
        )
        .join("") +
      text(right - 8, labelY, label, { kind: `${kind} text` })
    );
  });
  const titles =
    text(right, bottom + 34, xTitle, { anchor: "end", kind: "tick" }) +
    text(left, 12, "lift", { anchor: "end", kind: "tick" });
  return svg(bottom + 42, `lift against ${xTitle}`, grid.join("") + lines.join("") + titles);
}
