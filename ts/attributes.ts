/** Attributes, what filters look at: fields of the payloads, as columns. */
import { show } from "./check.js";
import type { CoreBuilder } from "./core.js";
import { SageError } from "./errors.js";
import { concatenate } from "./texts.js";

/**
 * Hands these fields of the payloads to the builder, each as a column of numbers or of labels (texts, true and false, and lists of them). A field
 * that is missing or null is no value. Throws "option" for any other, and for a field that is sometimes a number and sometimes a text.
 */
export function addAttributes(builder: CoreBuilder, names: readonly string[], payloads: readonly unknown[], numeric: Record<string, boolean> = {}): void {
  for (const name of names) {
    const column = payloads.map((payload) => (payload as Record<string, unknown> | null | undefined)?.[name] ?? undefined);
    const kind = numeric[name] ?? typeof column.find((value) => value !== undefined) === "number";
    if (kind) addNumbers(builder, name, column);
    else addLabels(builder, name, column);
  }
}

function addNumbers(builder: CoreBuilder, name: string, column: readonly unknown[]): void {
  const number = (value: unknown, index: number): number => {
    if (value === undefined) return NaN;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw wrong(name, index, "a finite number, as before", value);
  };
  builder.numbers(name, Float64Array.from(column, number));
}

function addLabels(builder: CoreBuilder, name: string, column: readonly unknown[]): void {
  const rows = column.map((value, index) => {
    const labels = value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
    const other = labels.find((label) => typeof label !== "string" && typeof label !== "boolean");
    if (other !== undefined) throw wrong(name, index, "a text, true or false, or a list of texts", other);
    return labels.map(String);
  });
  // In the order of their bytes, which is the core's.
  const { text, ends } = concatenate([...new Set(rows.flat())].sort(byCodePoint));
  const decoder = new TextDecoder();
  const places = new Map(Array.from(ends, (end, place) => [decoder.decode(text.subarray(ends[place - 1] ?? 0, end)), place] as const));
  const labels = rows.map((row) => row.map((label) => places.get(label)!));
  let total = 0;
  const rowEnds = Uint32Array.from(labels, (row) => (total += row.length));
  builder.labels(name, text, ends, rowEnds, Uint32Array.from(labels.flat()));
}

/** UTF-16 puts what is beyond the basic plane before its last characters; bytes put it after. */
function byCodePoint(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  const at = x.findIndex((character, index) => character !== y[index]);
  if (at < 0) return x.length - y.length;
  return at < y.length ? x[at]!.codePointAt(0)! - y[at]!.codePointAt(0)! : 1;
}

function wrong(name: string, index: number, expected: string, value: unknown): SageError {
  return new SageError("option", `attributes: "${name}" of item ${index}: expected ${expected}, saw ${show(value)}.`);
}
