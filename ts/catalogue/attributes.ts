/**
 * Attributes: payload fields that filters read, stored as one column per field.
 *
 * No other file reads or writes the attributes section; docs/format.md describes its bytes. A
 * column holds for each row either a number or none, or any number of labels (strings).
 */

import { encodeStrings } from "../core/strings.js";
import { SageError } from "../errors.js";
import { isWellFormed, unexpected } from "../values/check.js";
import { bytesOf } from "./sections.js";

/** A column as one value per row: a number, or a list of labels. NaN or undefined: no value. */
export interface ColumnValues {
  numeric: boolean;
  values: readonly (number | readonly string[] | undefined)[];
}

/**
 * A column as it is stored. Numeric: one number per row, NaN for none. Otherwise `dictionary` has
 * the distinct labels, and `labelIndices[ends[r - 1]..ends[r]]` are the indices of row r's labels
 * in it.
 */
export type Column =
  | { numeric: true; numbers: Float64Array }
  | { numeric: false; dictionary: readonly string[]; ends: Uint32Array; labelIndices: Uint32Array };

/**
 * Reads fields out of payloads, one column per field.
 *
 * A column that exists already (`existing`) and has a value keeps its kind; else the first value
 * decides whether it is numeric. A missing or null field is no value. Throws code "option" for a
 * value of the other kind, and for one that is neither a finite number nor a string, a boolean or a
 * list of these. Booleans become the labels "true" and "false".
 */
export function extractColumns(
  payloads: readonly unknown[],
  fields: Iterable<readonly [name: string, existing?: ColumnValues]>,
): Map<string, ColumnValues> {
  return new Map(
    Array.from(fields, ([name, existing]) => {
      // Own fields only: those that a payload keeps when it is stored as JSON.
      const values = payloads.map((payload) =>
        typeof payload === "object" && payload !== null && Object.hasOwn(payload, name)
          ? ((payload as Record<string, unknown>)[name] ?? undefined)
          : undefined,
      );
      const firstExisting = existing?.values.find((value) =>
        typeof value === "number" ? !Number.isNaN(value) : value?.length,
      );
      const numeric =
        typeof (firstExisting ?? values.find((value) => value !== undefined)) === "number";
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

/** Converts a stored column to one value per row. */
export function decodeColumn(column: Column): ColumnValues {
  if (column.numeric) return { numeric: true, values: Array.from(column.numbers) };
  const { dictionary, ends, labelIndices } = column;
  return {
    numeric: false,
    values: Array.from(ends, (end, row) =>
      Array.from(labelIndices.subarray(ends[row - 1] ?? 0, end), (index) => dictionary[index]!),
    ),
  };
}

/** Encodes the columns as the bytes of the attributes section. */
export function writeAttributes(columns: ReadonlyMap<string, ColumnValues>): Uint8Array {
  const parts: Uint8Array[] = [bytesOf(Uint32Array.of(columns.size, 0, 0, 0))];
  for (const [name, { numeric, values }] of columns) {
    const encodedName = new TextEncoder().encode(name);
    if (numeric) {
      const numbers = Float64Array.from(values as (number | undefined)[], (value) => value ?? NaN);
      const columnHeader = Uint32Array.of(0, encodedName.length, 0, 0);
      parts.push(bytesOf(columnHeader), encodedName, bytesOf(numbers));
      continue;
    }
    const rows = values.map((value) => (value ?? []) as readonly string[]);
    const dictionary = [...new Set(rows.flat())].sort();
    const { utf8, ends } = encodeStrings(dictionary);
    const indexInDictionary = new Map(dictionary.map((word, index) => [word, index]));
    const labelIndices = Uint32Array.from(rows.flat(), (label) => indexInDictionary.get(label)!);
    let nextEnd = 0;
    const rowEnds = Uint32Array.from(rows, (row) => (nextEnd += row.length));
    parts.push(
      bytesOf(Uint32Array.of(1, encodedName.length, dictionary.length, utf8.length)),
      encodedName,
      bytesOf(ends),
      utf8,
      bytesOf(rowEnds),
      bytesOf(labelIndices),
    );
  }
  const section = new Uint8Array(parts.reduce((sum, part) => sum + paddedLength(part.length), 0));
  let offset = 0;
  for (const part of parts) {
    section.set(part, offset);
    offset += paddedLength(part.length);
  }
  return section;
}

/**
 * The columns of an attributes section for `rows` rows; an empty section has none. `section` must
 * be a copy that the core returned, so that its parts are aligned for typed arrays. The columns
 * are views of it. Throws code "corrupt" for bytes that do not fit the rows.
 */
export function readAttributes(section: Uint8Array, rows: number): Map<string, Column> {
  const { buffer } = section;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const columns = new Map<string, Column>();
  let offset = section.byteOffset;
  /**
   * Moves `offset` past a part of this many bytes and returns the start of the part. A part that
   * ends beyond the buffer makes the constructor of its typed array throw.
   */
  const skipPart = (bytes: number): number => {
    const start = offset;
    offset += paddedLength(bytes);
    return start;
  };
  const readUint32s = (count: number): Uint32Array =>
    new Uint32Array(buffer, skipPart(count * 4), count);
  const readBytes = (count: number): Uint8Array => new Uint8Array(buffer, skipPart(count), count);
  const assertValid = (valid: boolean): void => {
    if (!valid) throw new RangeError("offsets or labels are invalid");
  };
  try {
    const [count = 0] = section.length > 0 ? readUint32s(4) : [];
    while (columns.size < count) {
      const [kind, nameLength, dictionarySize, textLength] = readUint32s(4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const name = decoder.decode(readBytes(nameLength));
      assertValid(kind <= 1 && !columns.has(name));
      if (kind === 0) {
        columns.set(name, {
          numeric: true,
          numbers: new Float64Array(buffer, skipPart(rows * 8), rows),
        });
        continue;
      }
      const dictionaryEnds = readUint32s(dictionarySize);
      const utf8 = readBytes(textLength);
      const dictionary = Array.from(dictionaryEnds, (end, word) =>
        decoder.decode(utf8.subarray(dictionaryEnds[word - 1] ?? 0, end)),
      );
      const ends = readUint32s(rows);
      assertValid(
        isAscending(dictionaryEnds) &&
          (dictionaryEnds.at(-1) ?? 0) === textLength &&
          isAscending(ends),
      );
      const labelIndices = readUint32s(ends.at(-1) ?? 0);
      assertValid(labelIndices.every((index) => index < dictionarySize));
      columns.set(name, { numeric: false, dictionary, ends, labelIndices });
    }
  } catch (cause) {
    throw new SageError(
      "corrupt",
      `attributes: ${(cause as Error).message}: build the file again.`,
      { cause },
    );
  }
  return columns;
}

/** The length rounded up to a multiple of 8: the alignment of a section's parts. */
function paddedLength(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function isAscending(ends: Uint32Array): boolean {
  return ends.every((end, index) => end >= (ends[index - 1] ?? 0));
}

function checkNumber(name: string, row: number, value: unknown): number {
  if (value === undefined) return NaN;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw attributeError(name, row, "a finite number, as before", value);
}

function checkLabels(name: string, row: number, value: unknown): string[] {
  if (value === undefined) return [];
  const labels: unknown[] = Array.isArray(value) ? value : [value];
  const index = labels.findIndex(
    (label) => !(typeof label === "string" ? isWellFormed(label) : typeof label === "boolean"),
  );
  if (index >= 0) throw attributeError(name, row, "well-formed strings or booleans", labels[index]);
  return labels.map(String);
}

function attributeError(name: string, row: number, expected: string, value: unknown): SageError {
  return unexpected(`attributes: "${name}" of item ${row}`, expected, value);
}
