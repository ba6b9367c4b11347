/**
 * Vectors in text files: word2vec, GloVe and fastText (a word and its components, separated by
 * spaces; word2vec and fastText begin with a line "COUNT DIM").
 */
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";
import { parseDecimal } from "./number.js";
import type { Row } from "./row.js";
import { splitLines, type TextSource } from "./stream.js";

const COUNT_AND_DIM_LINE = /^(\d+) (\d+)$/;

/**
 * Whether the beginning of a text has vectors in this format: words and at least two numbers,
 * separated by spaces, in its first line or after a line of two integers.
 */
export function isTextVectors(beginning: string): boolean {
  const [first = "", second] = completeLines(beginning);
  if (COUNT_AND_DIM_LINE.test(first.trim()) && second !== undefined)
    return componentsOf(second) > 1;
  return componentsOf(first) > 1;
}

/** The rows: the word as the field `id`, the components as `vector`. */
export async function* readTextVectors(
  name: string,
  source: TextSource,
  { id, vector }: { id: string; vector: string },
): AsyncGenerator<Row> {
  let line = 0;
  let declaredCount: number | undefined;
  let dim: number | undefined;
  let rows = 0;
  for await (const text of splitLines(name, source.chunks)) {
    line += 1;
    const location = `${name}:${line}`;
    const trimmedLine = text.trimEnd();
    if (trimmedLine === "") continue;
    const [, rowCount, length] = (line === 1 && COUNT_AND_DIM_LINE.exec(trimmedLine)) || [];
    if (length !== undefined) {
      declaredCount = Number(rowCount);
      dim = Number(length);
      continue;
    }
    const parts = trimmedLine.split(" ");
    dim ??= componentsOf(trimmedLine);
    // A few words of GloVe's vectors contain spaces.
    const word = parts.slice(0, -dim).join(" ");
    const components = parts.slice(-dim).map(parseDecimal);
    const index = components.findIndex(Number.isNaN);
    const hasNumber = parts.slice(1, -dim).some((part) => !Number.isNaN(parseDecimal(part)));
    if (word === "" || index >= 0 || hasNumber)
      throw new InputError(
        `${location}: expected a word and ${dim} numbers, separated by spaces, saw ` +
          `${inspect(trimmedLine)}.`,
      );
    rows += 1;
    yield { location, fields: { [id]: word, [vector]: components } };
  }
  if (declaredCount !== undefined && rows !== declaredCount)
    throw new InputError(
      `${name}: expected ${declaredCount} vectors, as its first line states, saw ${rows}. ` +
        "Is the file complete?",
    );
}

/** The number of components of a line: its numbers after the first word. */
function componentsOf(line: string): number {
  const parts = line.trimEnd().split(" ");
  const isNumber = parts.map((part) => !Number.isNaN(parseDecimal(part)));
  const lastWordIndex = isNumber.lastIndexOf(false);
  // "a,0.1 0.2": another separator stands before the first number.
  if (/[,;\t][-+.\d]/.test(parts[Math.max(0, lastWordIndex)]!)) return 0;
  // A word may be a number itself.
  return parts.length - 1 - Math.max(0, lastWordIndex);
}

/**
 * The first two lines of `beginning`, the first bytes of a file. The second one may be cut off if
 * no third one follows.
 */
function completeLines(beginning: string): string[] {
  const lines = beginning.split("\n", 3);
  return lines.length > 2 ? lines.slice(0, 2) : lines.filter((line) => line !== "");
}
