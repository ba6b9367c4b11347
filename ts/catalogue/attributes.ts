/**
 * Attributes, what filters look at: fields of the payloads as columns, in a section of the catalogue that this file alone writes and reads.
 *
 * A column has for every row a number or none, or any number of labels. docs/format.md has its bytes.
 */
import { inspect } from "../check.js";
import { encodeStrings } from "../core/strings.js";
import { SageError } from "../errors.js";
import { bytesOf } from "./sections.js";

/** For every row a number (NaN for none), or its labels; undefined is none either. */
export interface ColumnValues {
  numeric: boolean;
  values: readonly (number | readonly string[] | undefined)[];
}

/** A column as the file has it: numbers, NaN for none; or labels as places in the words, those of row r from `ends[r - 1]` to `ends[r]`. */
export type Column =
  | { numeric: true; numbers: Float64Array }
  | { numeric: false; words: readonly string[]; ends: Uint32Array; labels: Uint32Array };

/**
 * These fields of the payloads; where they have values already, of the same kind, else of the kind of their first value. A field that is missing
 * or null is no value. Throws "option" for what is neither a number nor texts, true and false, or a list of them, and for a field that is
 * sometimes a number and sometimes a text.
 */
export function extractColumns(
  payloads: readonly unknown[],
  fields: Iterable<readonly [name: string, known?: ColumnValues]>,
): Map<string, ColumnValues> {
  return new Map(
    Array.from(fields, ([name, known]) => {
      const values = payloads.map(
        (payload) => (payload as Record<string, unknown> | null | undefined)?.[name] ?? undefined,
      );
      const first = known?.values.find((value) =>
        typeof value === "number" ? !Number.isNaN(value) : value?.length,
      );
      const numeric = typeof (first ?? values.find((value) => value !== undefined)) === "number";
      return [
        name,
        {
          numeric,
          values: values.map((value, row) =>
            numeric ? checkNumber(name, row, value) : checkLabels(name, row, value),
          ),
        },
      ];
    }),
  );
}

/** The values of a column, row by row. */
export function decodeColumn(column: Column): ColumnValues {
  if (column.numeric) return { numeric: true, values: Array.from(column.numbers) };
  const { words, ends, labels } = column;
  return {
    numeric: false,
    values: Array.from(ends, (end, row) =>
      Array.from(labels.subarray(ends[row - 1] ?? 0, end), (label) => words[label]!),
    ),
  };
}

/** The section. */
export function writeAttributes(columns: ReadonlyMap<string, ColumnValues>): Uint8Array {
  const parts: Uint8Array[] = [bytesOf(Uint32Array.of(columns.size, 0, 0, 0))];
  for (const [name, { numeric, values }] of columns) {
    const utf8 = new TextEncoder().encode(name);
    if (numeric) {
      const numbers = Float64Array.from(values as (number | undefined)[], (value) => value ?? NaN);
      parts.push(bytesOf(Uint32Array.of(0, utf8.length, 0, 0)), utf8, bytesOf(numbers));
      continue;
    }
    const rows = values.map((value) => (value ?? []) as readonly string[]);
    const words = [...new Set(rows.flat())].sort();
    const { text, ends } = encodeStrings(words);
    const places = new Map(words.map((word, place) => [word, place]));
    const labels = Uint32Array.from(rows.flat(), (label) => places.get(label)!);
    let end = 0;
    const rowEnds = Uint32Array.from(rows, (row) => (end += row.length));
    parts.push(
      bytesOf(Uint32Array.of(1, utf8.length, words.length, text.length)),
      utf8,
      bytesOf(ends),
      text,
      bytesOf(rowEnds),
      bytesOf(labels),
    );
  }
  const padded = (length: number): number => Math.ceil(length / 8) * 8;
  const section = new Uint8Array(parts.reduce((sum, part) => sum + padded(part.length), 0));
  let offset = 0;
  for (const part of parts) {
    section.set(part, offset);
    offset += padded(part.length);
  }
  return section;
}

/** The columns in a section that came out of the core, a copy of its own. Throws "corrupt" for bytes that are no columns of so many rows. */
export function readAttributes(section: Uint8Array, rows: number): Map<string, Column> {
  const { buffer } = section;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const columns = new Map<string, Column>();
  let at = section.byteOffset;
  const take = (bytes: number): number => {
    const start = at;
    // What lies past the end, the typed arrays refuse.
    at += Math.ceil(bytes / 8) * 8;
    return start;
  };
  const whole = (count: number): Uint32Array => new Uint32Array(buffer, take(count * 4), count);
  const text = (bytes: number): string =>
    decoder.decode(new Uint8Array(buffer, take(bytes), bytes));
  const good = (ok: boolean): void => {
    if (!ok) throw new RangeError("what should ascend does not");
  };
  try {
    const [count = 0] = section.length > 0 ? whole(4) : [];
    while (columns.size < count) {
      const [kind, nameLength, wordCount, textLength] = whole(4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const name = text(nameLength);
      good(kind <= 1 && !columns.has(name));
      if (kind === 0) {
        columns.set(name, {
          numeric: true,
          numbers: new Float64Array(buffer, take(rows * 8), rows),
        });
        continue;
      }
      const wordEnds = whole(wordCount);
      const utf8 = new Uint8Array(buffer, take(textLength), textLength);
      const words = Array.from(wordEnds, (end, word) =>
        decoder.decode(utf8.subarray(wordEnds[word - 1] ?? 0, end)),
      );
      const ends = whole(rows);
      good(isAscending(wordEnds) && (wordEnds.at(-1) ?? 0) === textLength && isAscending(ends));
      const labels = whole(ends.at(-1) ?? 0);
      good(labels.every((label) => label < wordCount));
      columns.set(name, { numeric: false, words, ends, labels });
    }
  } catch (cause) {
    throw new SageError(
      "corrupt",
      `The attributes of the catalogue cannot be read: ${(cause as Error).message}. Build the file again.`,
      { cause },
    );
  }
  return columns;
}

function isAscending(ends: Uint32Array): boolean {
  return ends.every((end, place) => end >= (ends[place - 1] ?? 0));
}

function checkNumber(name: string, row: number, value: unknown): number {
  if (value === undefined) return NaN;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw attributeError(name, row, "a finite number, as before", value);
}

function checkLabels(name: string, row: number, value: unknown): string[] {
  const labels = value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
  const other = labels.find((label) => typeof label !== "string" && typeof label !== "boolean");
  if (other !== undefined)
    throw attributeError(name, row, "a text, true or false, or a list of texts", other);
  return labels.map(String);
}

function attributeError(name: string, row: number, expected: string, value: unknown): SageError {
  return new SageError(
    "option",
    `attributes: "${name}" of item ${row}: expected ${expected}, saw ${inspect(value)}.`,
  );
}
