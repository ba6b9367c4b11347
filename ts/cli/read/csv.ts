/**
 * CSV and TSV with a header line, or with --columns without one. Cells are strings; an empty cell
 * is a missing field.
 */
import { inspect } from "../../values/check.js";
import { parseIsoTime } from "../../values/time.js";
import { InputError } from "../command-error.js";
import { type CsvRow, parseCsv } from "./csv-parser.js";
import { expandColumns } from "./field-path.js";
import { parseDecimal } from "./number.js";
import { listNames, type OnNote, type Row } from "./row.js";
import type { TextSource } from "./stream.js";

const SEPARATORS = [",", ";", "\t"];
/** Excel writes the separator of a file into its first line. */
const SEPARATOR_LINE = /^sep=([^"\w\s])$/i;
/** RecBole appends the type of a column to its name. */
const RECBOLE_TYPE = /:(token|float|token_seq|float_seq)$/;

export interface CsvOptions {
  /** Names of the columns of a file without a header line, as in "id,d0..d383". */
  readonly columns?: string | undefined;
  readonly onNote: OnNote;
}

/** Yields the rows of a CSV text. */
export async function* readCsv(
  name: string,
  { beginning, chunks }: TextSource,
  options: CsvOptions,
): AsyncGenerator<Row> {
  const { separator, hasLine } = findSeparator(beginning);
  let columns = options.columns === undefined ? undefined : expandColumns(options.columns);
  let isFirst = true;
  for await (const { cells, line } of parseCsv(name, separator, chunks)) {
    if (cells.length === 1 && cells[0]!.trim() === "") continue;
    if (isFirst && hasLine) {
      isFirst = false;
      continue;
    }
    const row: CsvRow = { cells, line };
    if (columns === undefined) columns = parseHeader(name, row);
    else {
      const location = `${name}:${line}`;
      const fields = nameCells(location, columns, cells, separator);
      yield { location, fields, columns, ...(separator === ";" && { decimalComma: true }) };
    }
    isFirst = false;
  }
}

/**
 * The separator that a `sep=` line names; else the one that occurs most often outside quotes in the
 * first line that is not blank, of equal counts the first listed.
 */
export function findSeparator(beginning: string): { separator: string; hasLine: boolean } {
  const start = beginning.search(/\S/);
  const end = beginning.indexOf("\n", Math.max(0, start));
  const first = beginning.slice(Math.max(0, start), end < 0 ? undefined : end);
  const [, namedSeparator] = SEPARATOR_LINE.exec(first.trimEnd()) ?? [];
  if (namedSeparator !== undefined) return { separator: namedSeparator, hasLine: true };
  // "sep=" and a tab: trimEnd has removed the tab.
  if (/^sep=\t\s*$/i.test(first)) return { separator: "\t", hasLine: true };
  const unquotedLine = first.replace(/"[^"]*"/g, "");
  const countCells = (separator: string): number => unquotedLine.split(separator).length;
  const separator = SEPARATORS.reduce((best, candidate) =>
    countCells(candidate) > countCells(best) ? candidate : best,
  );
  return { separator, hasLine: false };
}

/** The rows of lines that have numbers only, as TensorBoard's projector has them: one per line. */
export async function* readNumberLines(
  name: string,
  { beginning, chunks }: TextSource,
  vector: string,
): AsyncGenerator<Row> {
  const { separator } = findSeparator(beginning);
  for await (const { cells, line } of parseCsv(name, separator, chunks)) {
    if (cells.length === 1 && cells[0]!.trim() === "") continue;
    const location = `${name}:${line}`;
    const numbers = cells.length === 1 ? cells[0] : cells.map((cell) => parseDecimal(cell.trim()));
    yield { location, fields: { [vector]: numbers } };
  }
}

/** Whether the first line that is not blank has numbers only, two or more. */
export function isNumberLines(beginning: string): boolean {
  const [first = ""] = beginning.trimStart().split("\n", 1);
  const parts = first.trim().split(/[,;\t ]+/);
  return parts.length > 1 && parts.every((part) => !Number.isNaN(parseDecimal(part)));
}

/**
 * The column names, which must be unique. A first column without a name (the index that pandas
 * writes) and trailing ones (a separator at the end of each line) are named "".
 */
function parseHeader(name: string, { cells, line }: CsvRow): string[] {
  const location = `${name}:${line}`;
  const dataCell = cells.find(isDataCell);
  if (dataCell !== undefined)
    throw new InputError(
      `${location}: the first line is not a header of column names: it has ${inspect(dataCell)}. ` +
        "Add a header line, or the names of the columns: --columns id,vector, or " +
        "--columns id,d0..d383 --vector d0..d383 for one column a dimension.",
    );
  const names = cells.map((cell) => cell.trim());
  const isRecBole = names.every((column) => RECBOLE_TYPE.test(column));
  const columns = isRecBole ? names.map((column) => column.replace(RECBOLE_TYPE, "")) : names;
  const lastNamedColumn = columns.findLastIndex((column) => column !== "");
  if (columns.slice(1, lastNamedColumn).includes(""))
    throw new InputError(
      `${location}: a column of the header has no name. Name it, as in id,vector,note.`,
    );
  const seenNames = new Set<string>();
  for (const column of columns) {
    if (column !== "" && seenNames.has(column))
      throw new InputError(
        `${location}: the header has two columns ${inspect(column)}. Rename one of them.`,
      );
    seenNames.add(column);
  }
  return columns;
}

/** pandas names columns by their numbers; a longer number is data. */
const COLUMN_NUMBER = /^\d{1,5}$/;

/** Whether a cell of the first line is data: a vector, a time, or a number that is no name. */
function isDataCell(cell: string): boolean {
  const text = cell.trim();
  if (/^\[.*\]$/s.test(text)) return true;
  const isNumber = (part: string): boolean => !Number.isNaN(parseDecimal(part));
  if (isNumber(text)) return !COLUMN_NUMBER.test(text);
  if (parseIsoTime(text) !== undefined) return true;
  const parts = text.slice(0, 200).split(/[\s,;]+/, 8);
  // The text was cut after 200 characters, so its last part may be incomplete.
  return parts.length > 1 && parts.slice(0, Math.max(2, parts.length - 1)).every(isNumber);
}

function nameCells(
  location: string,
  columns: readonly string[],
  cells: readonly string[],
  separator: string,
): Record<string, string> {
  if (cells.length !== columns.length)
    throw new InputError(
      `${location}: expected ${columns.length} cells, one a column of the header ` +
        `(${listNames(columns)}), saw ${cells.length}. Cells are separated by ` +
        `${separator === "\t" ? "tabs" : inspect(separator)}; put those that contain it in quotes.`,
    );
  const fields: Record<string, string> = Object.create(null);
  columns.forEach((column, index) => {
    const cell = cells[index]!;
    if (cell === "") return;
    if (column !== "") fields[column] = cell;
    else if (index > 0)
      throw new InputError(
        `${location}: cell ${index + 1} has a value, ${inspect(cell)}, but its column has no ` +
          "name. Name the column in the header.",
      );
  });
  return fields;
}
