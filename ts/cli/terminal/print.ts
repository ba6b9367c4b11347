/** The standard output (the result only), notes on the standard error, and text for terminals. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { ItemId } from "../../item.js";
import { escapeJson, escapeMessage, escapeText } from "./escape.js";

let resultStream: NodeJS.WritableStream = process.stdout;

/** Sends the result to the standard error: the standard output receives a file (-o /dev/stdout). */
export function printResultOnStderr(): void {
  resultStream = process.stderr;
}

/** Prints one line of the result. */
export function print(line: string): void {
  resultStream.write(`${escapeText(line)}\n`);
}

/** Prints the result as JSON. */
export function printJson(value: unknown): void {
  resultStream.write(`${escapeJson(JSON.stringify(value, null, 2))}\n`);
}

/** Prints a remark on the standard error. */
export function printNote(text: string): void {
  process.stderr.write(`note: ${escapeMessage(text)}\n`);
}

/** A function that prints remarks; with `--quiet`, it prints none. */
export function notePrinter(quiet: boolean | undefined): (text: string) => void {
  return (text) => {
    if (!quiet) printNote(text);
  };
}

/**
 * Prints rows under a header, padded to columns of equal width. A column whose name begins with ">"
 * is right-aligned; the ">" is not printed.
 */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const names = header.map((name) => name.replace(/^>/, ""));
  const lines = [names, ...rows].map((row) => row.map(escapeText));
  const widths = names.map((_, column) =>
    lines.reduce((width, cells) => Math.max(width, terminalWidth(cells[column]!)), 0),
  );
  for (const row of lines) {
    const cells = row.map((cell, column) => {
      const padding = " ".repeat(widths[column]! - terminalWidth(cell));
      return header[column]!.startsWith(">") ? padding + cell : cell + padding;
    });
    print(`  ${cells.join("  ").trimEnd()}`);
  }
}

/** Prints (name, value) pairs, one per line, the values aligned. */
export function printFields(fields: readonly (readonly [name: string, value: string])[]): void {
  const nameWidth = Math.max(...fields.map(([name]) => name.length));
  for (const [name, value] of fields) print(`  ${name.padEnd(nameWidth)}  ${value}`);
}

/** An integer with thousands separators, as in 12,345. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** A prior in up to four significant digits, which is what a catalogue keeps of it. */
export function formatPrior(prior: number): string {
  return prior.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

/** A count and its noun, as in "1 interest" or "2 interests". */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${count === 1 ? noun : `${noun}s`}`;
}

/** Milliseconds since the epoch as UTC date and minute; out of Date's range, the number itself. */
export function formatTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? String(time)
    : date.toISOString().slice(0, 16).replace("T", " ");
}

/** The emoji and the label, name or title in the item's payload; without them the id. */
export function labelOf(catalogue: Catalogue | undefined, item: ItemId): string {
  const payload = payloadFields(catalogue, item);
  const labelWords = [payload.emoji, payload.label ?? payload.name ?? payload.title].filter(
    (word) => typeof word === "string",
  );
  return labelWords.join(" ") || item;
}

/** The emoji in the item's payload; without one its {@link labelOf}. */
export function shortLabelOf(catalogue: Catalogue | undefined, item: ItemId): string {
  const { emoji } = payloadFields(catalogue, item);
  return typeof emoji === "string" ? emoji : labelOf(catalogue, item);
}

/** `{ payload }`, or `{}` for an item without one: to be spread into a JSON result. */
export function payloadOf(catalogue: Catalogue | undefined, item: ItemId): { payload?: unknown } {
  const payload = catalogue?.payload(item);
  return payload === undefined ? {} : { payload };
}

function payloadFields(catalogue: Catalogue | undefined, item: ItemId): Record<string, unknown> {
  const payload = catalogue?.payload(item);
  return typeof payload === "object" && payload !== null
    ? (payload as Record<string, unknown>)
    : {};
}

/** Width in terminal columns: emoji and East Asian wide characters take two. */
function terminalWidth(text: string): number {
  return Array.from(GRAPHEMES.segment(text)).reduce(
    (columns, { segment }) => columns + (WIDE_CHARACTER.test(segment) ? 2 : 1),
    0,
  );
}

const WIDE_EAST_ASIAN =
  "\\u1100-\\u115F\\u2E80-\\uA4CF\\uAC00-\\uD7A3\\uF900-\\uFAFF\\uFE30-\\uFE6F\\uFF00-\\uFF60";
const WIDE_CHARACTER = new RegExp(`\\p{Emoji_Presentation}|\\uFE0F|[${WIDE_EAST_ASIAN}]`, "u");

const GRAPHEMES = new Intl.Segmenter();
