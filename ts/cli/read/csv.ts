/**
 * CSV with a header line, parsed by papaparse, which is imported only for CSV input. Cells are
 * strings; an empty cell is a missing field.
 */
import type { ParseResult } from "papaparse";
import { InputError } from "../command-error.js";
import type { Row } from "./row.js";

/**
 * Longest row in UTF-16 units. A longer one is taken for an unclosed quote and rejected before the
 * rest of the file is in memory.
 */
const MAX_ROW_LENGTH = 4_000_000;

/**
 * The rows of a text. `beginning` contains at least the first line that is not blank: the header,
 * which determines the separator (comma, semicolon or tab).
 */
export async function* readCsv(
  name: string,
  beginning: string,
  text: AsyncIterable<string>,
): AsyncGenerator<Row> {
  const { default: Papa } = await import("papaparse");
  // Not Papa.parse: its stream does not report unbalanced quotes, and a string is read at once.
  const parser = new Papa.Parser({ delimiter: separatorOf(beginning), newline: "\n" });
  let columns: readonly string[] | undefined;
  let line = 1;
  for await (const cells of parseRows(name, parser, text, () => line)) {
    const location = `${name}:${line}`;
    line += 1 + cells.reduce((breaks, cell) => breaks + cell.split("\n").length - 1, 0);
    if (cells.length === 1 && cells[0]!.trim() === "") continue;
    if (columns) yield { location, fields: nameCells(location, columns, cells) };
    else columns = parseHeader(location, cells);
  }
}

/** The cells of each row. `currentLine` returns the line at which the next row begins. */
async function* parseRows(
  name: string,
  parser: { parse(text: string, base: number, ignoreLastRow: boolean): ParseResult<string[]> },
  text: AsyncIterable<string>,
  currentLine: () => number,
): AsyncGenerator<string[]> {
  let unparsed = "";
  const parse = function* (ignoreLastRow: boolean): Generator<string[]> {
    const { data, errors, meta } = parser.parse(unparsed, 0, ignoreLastRow);
    for (const [index, cells] of data.entries()) {
      const error = errors.find(({ row }) => row === index);
      if (error)
        throw new InputError(
          `${name}:${currentLine()}: ${error.message}. ` +
            'A quote inside a quoted cell is written twice ("").',
        );
      yield cells;
    }
    unparsed = unparsed.slice(meta.cursor);
  };
  for await (const chunk of text) {
    unparsed += chunk;
    yield* parse(true);
    if (unparsed.length > MAX_ROW_LENGTH)
      throw new InputError(
        `${name}:${currentLine()}: the row is longer than ${MAX_ROW_LENGTH} characters. ` +
          "Is a closing quote missing?",
      );
  }
  yield* parse(false);
}

/** The separator that occurs most often in the header line; of equal counts the first listed. */
function separatorOf(beginning: string): string {
  const header = beginning.trimStart().split("\n")[0]!;
  const occurrences = (separator: string): number => header.split(separator).length;
  return [",", ";", "\t"].reduce((best, separator) =>
    occurrences(separator) > occurrences(best) ? separator : best,
  );
}

/** The column names: each must be non-empty and unique. */
function parseHeader(location: string, cells: readonly string[]): string[] {
  const names = cells.map((cell) => cell.trim());
  if (names.includes("")) throw new InputError(`${location}: a column of the header has no name.`);
  const repeated = names.find((name, column) => names.indexOf(name) !== column);
  if (repeated === undefined) return names;
  throw new InputError(`${location}: the header has two columns "${repeated}".`);
}

function nameCells(
  location: string,
  columns: readonly string[],
  cells: readonly string[],
): Record<string, string> {
  if (cells.length !== columns.length) {
    const names = columns.join(", ");
    throw new InputError(
      `${location}: expected ${columns.length} cells, one a column of the header (${names}), ` +
        `saw ${cells.length}.`,
    );
  }
  return Object.fromEntries(
    columns
      .map((name, column) => [name, cells[column]!] as const)
      .filter(([, cell]) => cell !== ""),
  );
}
