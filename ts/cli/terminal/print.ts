/** What people read: tables, item labels, notes. The standard output carries the result and nothing else. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { ItemId } from "../../item.js";

/** One line of the result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The result for programs. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Something worth knowing that is not the result. */
export function note(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}

/** Rows as an aligned table under their head; a column whose name begins with ">" stands to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const names = head.map((name) => name.replace(/^>/, ""));
  const widths = names.map((name, column) =>
    Math.max(...[name, ...rows.map((row) => row[column]!)].map(width)),
  );
  for (const row of [names, ...rows]) {
    const cells = row.map((cell, column) => {
      const gap = " ".repeat(widths[column]! - width(cell));
      return head[column]!.startsWith(">") ? gap + cell : cell + gap;
    });
    print(`  ${cells.join("  ").trimEnd()}`);
  }
}

/** Names and values, one a line. */
export function printFacts(facts: readonly (readonly [string, string])[]): void {
  const widest = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) print(`  ${name.padEnd(widest)}  ${value}`);
}

/** A whole number with its thousands apart. */
export function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** A time as a date and a time of day, UTC. */
export function when(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? String(time)
    : date.toISOString().slice(0, 16).replace("T", " ");
}

/** What to call an item: its emoji and its label, name or title, where the catalogue keeps one; else its id. */
export function labelOf(catalogue: Catalogue | undefined, item: ItemId): string {
  const payload = fieldsOf(catalogue, item);
  const words = [payload.emoji, payload.label ?? payload.name ?? payload.title].filter(
    (word) => typeof word === "string",
  );
  return words.join(" ") || item;
}

/** The same, as short as it can be said. */
export function symbolOf(catalogue: Catalogue | undefined, item: ItemId): string {
  const { emoji } = fieldsOf(catalogue, item);
  return typeof emoji === "string" ? emoji : labelOf(catalogue, item);
}

/** `{ payload }` where the catalogue keeps one, to be spread into a result. */
export function payloadOf(catalogue: Catalogue | undefined, item: ItemId): { payload?: unknown } {
  const payload = catalogue?.payload(item);
  return payload === undefined ? {} : { payload };
}

function fieldsOf(catalogue: Catalogue | undefined, item: ItemId): Record<string, unknown> {
  const payload = catalogue?.payload(item);
  return typeof payload === "object" && payload !== null
    ? (payload as Record<string, unknown>)
    : {};
}

/** Columns on a terminal: emoji and East Asian characters take two. */
function width(text: string): number {
  return Array.from(GRAPHEMES.segment(text)).reduce(
    (sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1),
    0,
  );
}

const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]/u;

const GRAPHEMES = new Intl.Segmenter();
