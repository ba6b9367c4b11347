/** The ids, and payloads, of vectors that come without them: --ids. */
import { extname } from "node:path";
import { InputError } from "../command-error.js";
import { findSeparator } from "./csv.js";
import { type RowOptions, readTextRows, textFormatOf } from "./open-rows.js";
import type { Row } from "./row.js";
import { displayName, openText, readText, splitLines, type TextSource } from "./stream.js";

/**
 * One row for each vector: rows of JSON lines or CSV, or lines of plain text, each an id. A text
 * with one column is plain, unless its first line is the name of the id field.
 */
export async function* readIds(file: string, options: RowOptions): AsyncGenerator<Row> {
  const source = await openText(readText(file));
  try {
    if (isPlainText(file, source.beginning, options.id))
      yield* readIdLines(displayName(file), source, options.id);
    else yield* readTextRows(file, source, options);
  } finally {
    await source.close();
  }
}

function isPlainText(file: string, beginning: string, id: string): boolean {
  if ([".txt", ".ids", ""].includes(extname(file).toLowerCase())) return true;
  if (textFormatOf(file, beginning) !== "csv") return false;
  const [firstLine = ""] = beginning.trimStart().split("\n", 1);
  const { separator } = findSeparator(beginning);
  return !firstLine.includes(separator) && firstLine.trim() !== id;
}

async function* readIdLines(name: string, source: TextSource, id: string): AsyncGenerator<Row> {
  let line = 0;
  let previousLine: string | undefined;
  for await (const text of splitLines(name, source.chunks)) {
    if (previousLine !== undefined)
      yield { location: `${name}:${line}`, fields: { [id]: previousLine } };
    previousLine = text;
    line += 1;
  }
  // The last line is empty if the file ends with "\n".
  if (previousLine) yield { location: `${name}:${line}`, fields: { [id]: previousLine } };
}

/** Joins each row of vectors with the row of its id. The numbers of rows must be equal. */
export async function* joinIds(
  file: string,
  rows: AsyncIterable<Row>,
  idsFile: string,
  ids: AsyncGenerator<Row>,
): AsyncGenerator<Row> {
  let count = 0;
  try {
    for await (const row of rows) {
      const { value, done } = await ids.next();
      if (done)
        throw new InputError(
          `${displayName(idsFile)}: expected one id a row of ${displayName(file)}, saw ${count}, ` +
            `too few. Add the id of ${row.location} and the ids after it.`,
        );
      count += 1;
      yield { ...row, fields: { ...value.fields, ...row.fields } };
    }
    if (!(await ids.next()).done)
      throw new InputError(
        `${displayName(idsFile)}: expected ${count} ids, one a row of ${displayName(file)}, saw ` +
          "more. Remove the ids that have no vector.",
      );
  } finally {
    await ids.return(undefined);
  }
}
