/**
 * A streaming tokenizer for CSV (RFC 4180, any one-character separator). Linear in the length of
 * the text: papaparse, which was used before, parses an unfinished row again for every chunk.
 */
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";

/**
 * Maximum length of a row, in UTF-16 units. A longer one is taken for an unclosed quote, and
 * rejected before the rest of the file is in memory.
 */
const MAX_ROW_LENGTH = 4_000_000;

/** The cells of one row, and the number of its first line. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Parser state: the position of the next character in its cell. */
type State =
  /** At the beginning of a cell. */
  | "start"
  /** In a cell without quotes; quotes in it are ordinary characters. */
  | "plain"
  /** Between the quotes of a cell. */
  | "quoted"
  /** After a quote in a quoted cell: a second one is a quote of the value, else the cell ends. */
  | "quote";

/** Yields the CSV rows of a text in chunks, blank lines included. `name` begins error messages. */
export async function* parseCsv(
  name: string,
  separator: string,
  text: AsyncIterable<string>,
): AsyncGenerator<CsvRow> {
  const separatorCode = separator.charCodeAt(0).toString(16).padStart(4, "0");
  const specialCharacter = new RegExp(`["\\n\\u${separatorCode}]`, "g");
  let state = "start" as State;
  let cells: string[] = [];
  /** Parts of the current cell, whose value is their concatenation. */
  let cellParts: string[] = [];
  let line = 1;
  let rowLine = 1;
  let rowLength = 0;
  const endCell = (): void => {
    cells.push(cellParts.length === 1 ? cellParts[0]! : cellParts.join(""));
    cellParts = [];
    state = "start";
  };
  const endRow = (): CsvRow => {
    endCell();
    const row = { cells, line: rowLine };
    cells = [];
    rowLength = 0;
    return row;
  };
  const throwRowError = (problem: string): never => {
    throw new InputError(
      `${name}:${rowLine}: ${problem}. A quote inside a quoted cell is written twice ("").`,
    );
  };

  for await (const chunk of text) {
    let position = 0;
    /** Appends the text of the chunk from `position` to `end` to the current cell. */
    const appendToCell = (end: number): void => {
      if (end === position) return;
      const text = chunk.slice(position, end);
      if (state === "quote") {
        if (text.trim() === "") return;
        throwRowError(`a quote is followed by text, saw ${inspect(text.slice(0, 20))}`);
      }
      cellParts.push(text);
      rowLength += text.length;
      if (rowLength > MAX_ROW_LENGTH)
        throw new InputError(
          `${name}:${rowLine}: the row is longer than ${MAX_ROW_LENGTH} characters. ` +
            "Is a closing quote missing?",
        );
      if (state === "start") state = "plain";
    };
    specialCharacter.lastIndex = 0;
    for (
      let match = specialCharacter.exec(chunk);
      match !== null;
      match = specialCharacter.exec(chunk)
    ) {
      const [character] = match;
      appendToCell(match.index);
      position = match.index + 1;
      rowLength += 1;
      if (character === '"') {
        if (state === "start") state = "quoted";
        else if (state === "quoted") state = "quote";
        else {
          // In a plain cell a quote is a character; after a quote it is the second of a pair.
          cellParts.push('"');
          if (state === "quote") state = "quoted";
        }
        continue;
      }
      if (character === "\n") line += 1;
      if (state === "quoted") cellParts.push(character);
      else if (character === "\n") {
        yield endRow();
        rowLine = line;
      } else endCell();
    }
    appendToCell(chunk.length);
  }
  if (state === "quoted") throwRowError("a quoted cell has no closing quote");
  if (state !== "start" || cells.length > 0) yield endRow();
}
