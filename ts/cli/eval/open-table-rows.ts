/** Rows of the files of public data sets: what `build` reads, and lines with "::" or one space. */
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";
import { columnarFormatOf } from "../read/columnar.js";
import { readPath } from "../read/field-path.js";
import { openRows, readTextRows } from "../read/open-rows.js";
import type { OnNote, Row } from "../read/row.js";
import {
  displayName,
  fileLength,
  openText,
  readText,
  splitLines,
  type TextSource,
} from "../read/stream.js";

export interface TableOptions {
  /** Names of the columns of CSV without a header line. */
  readonly header?: string | undefined;
  /** Names of the columns of lines with "::" between cells. */
  readonly movieLens: readonly string[];
  /** Names of the columns of lines of two numbers; undefined if there are no such files. */
  readonly sasRec?: readonly string[];
  readonly onNote: OnNote;
  /** Receives the share of the file read so far, from 0 to 1. */
  readonly onShare?: (share: number) => void;
}

/** SASRec: one action per line, a user and an item by number, in order of time. */
const SASREC_LINE = /^\d+ \d+\s*$/;

/** The rows of a file in any format, as a stream. */
export async function* openTableRows(file: string, options: TableOptions): AsyncGenerator<Row> {
  const { header, movieLens, sasRec, onNote, onShare = () => {} } = options;
  const rowOptions = { id: "item", vector: "", columns: header, onNote, onShare };
  if (columnarFormatOf(file)) return yield* openRows(file, rowOptions);
  const length = await fileLength(file);
  const source = await openText(
    readText(file, (bytes) => length > 0 && onShare(Math.min(1, bytes / length))),
  );
  const [firstLine = ""] = source.beginning.trimStart().split("\n", 1);
  const name = displayName(file);
  if (header === undefined && firstLine.includes("::")) {
    onNote(`${name}: read as MovieLens (${movieLens.join("::")})`);
    yield* readCells(name, source, "::", movieLens);
  } else if (header === undefined && sasRec && SASREC_LINE.test(firstLine)) {
    onNote(`${name}: read as SASRec (${sasRec.join(" ")}, in order of time)`);
    yield* readCells(name, source, " ", sasRec);
  } else yield* readTextRows(file, source, rowOptions);
}

/** Whether the row, or another one of its file, has the column. */
export function hasColumn(row: Row, name: string): boolean {
  return readPath(row.fields, name) !== undefined || row.columns?.includes(name) === true;
}

/** The given column, or the first of the known ones that the row has. */
export function findColumn(
  row: Row,
  given: string | undefined,
  knownColumns: readonly string[],
): string | undefined {
  return [...(given === undefined ? [] : [given]), ...knownColumns].find((name) =>
    hasColumn(row, name),
  );
}

/** Rows of lines without a header and quotes; each must have one cell per column. */
async function* readCells(
  name: string,
  source: TextSource,
  separator: string,
  columns: readonly string[],
): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of splitLines(name, source.chunks)) {
    line += 1;
    const trimmedLine = text.trim();
    if (trimmedLine === "") continue;
    const cells = trimmedLine.split(separator);
    if (cells.length !== columns.length)
      throw new InputError(
        `${name}:${line}: expected ${columns.join(separator)}, saw ${inspect(trimmedLine)}. ` +
          "Repair the line, or name other columns with --columns.",
      );
    const fields: Record<string, string> = {};
    for (const [index, column] of columns.entries()) fields[column] = cells[index]!;
    yield { location: `${name}:${line}`, fields };
  }
}
