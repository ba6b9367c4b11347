/** CSV with a header line, parsed by papaparse, which is loaded only when a CSV file comes. Cells are text; an empty cell is no field. */
import type { ParseResult } from "papaparse";
import { InputError } from "../command-error.js";
import type { Row } from "./row.js";

/** A row longer than this is a quote that was never closed: better said early than after the whole file is in memory. */
const LONGEST_ROW = 4_000_000;

/** The rows of this text. Its first line that is not blank is the header, in `opening`; it tells the separator: comma, semicolon or tab. */
export async function* readCsv(
  name: string,
  opening: string,
  text: AsyncIterable<string>,
): AsyncGenerator<Row> {
  const { default: Papa } = await import("papaparse");
  // The parser itself and not Papa.parse: the stream of Papa.parse says nothing of broken quotes, and reads all when given a string.
  const parser = new Papa.Parser({ delimiter: separatorOf(opening), newline: "\n" });
  let header: readonly string[] | undefined;
  let line = 1;
  for await (const cells of parseRows(name, parser, text, () => line)) {
    const place = `${name}:${line}`;
    line += 1 + cells.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
    if (cells.length === 1 && cells[0]!.trim() === "") continue;
    if (header) yield { place, fields: nameCells(place, header, cells) };
    else header = checkHeader(place, cells);
  }
}

async function* parseRows(
  name: string,
  parser: { parse(text: string, base: number, unfinished: boolean): ParseResult<string[]> },
  text: AsyncIterable<string>,
  line: () => number,
): AsyncGenerator<string[]> {
  let rest = "";
  const parse = function* (unfinished: boolean): Generator<string[]> {
    const { data, errors, meta } = parser.parse(rest, 0, unfinished);
    for (const [index, cells] of data.entries()) {
      const wrong = errors.find(({ row }) => row === index);
      if (wrong)
        throw new InputError(
          `${name}:${line()}: ${wrong.message}. A quote inside a quoted cell is written twice ("").`,
        );
      yield cells;
    }
    rest = rest.slice(meta.cursor);
  };
  for await (const piece of text) {
    rest += piece;
    yield* parse(true);
    if (rest.length > LONGEST_ROW)
      throw new InputError(`${name}:${line()}: this row does not end. Is a closing quote missing?`);
  }
  yield* parse(false);
}

function separatorOf(opening: string): string {
  const header = opening.trimStart().split("\n")[0]!;
  const count = (separator: string): number => header.split(separator).length;
  return [",", ";", "\t"].reduce((best, next) => (count(next) > count(best) ? next : best));
}

function checkHeader(place: string, cells: readonly string[]): string[] {
  const names = cells.map((cell) => cell.trim());
  const twice = names.find((name, index) => name === "" || names.indexOf(name) !== index);
  if (twice === undefined) return names;
  throw new InputError(
    `${place}: ${twice === "" ? "a column of the header has no name" : `the header has the column "${twice}" twice`}.`,
  );
}

function nameCells(
  place: string,
  header: readonly string[],
  cells: readonly string[],
): Record<string, string> {
  if (cells.length !== header.length) {
    throw new InputError(
      `${place}: expected ${header.length} cells, as in the header (${header.join(", ")}), saw ${cells.length}.`,
    );
  }
  return Object.fromEntries(
    header.map((name, column) => [name, cells[column]!] as const).filter(([, cell]) => cell !== ""),
  );
}
