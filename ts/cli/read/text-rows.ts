/** JSON lines and CSV as the same thing: rows of named fields, each knowing its line. Read as a stream, so that files may be large. */
import { extname } from "node:path";
import { inspect } from "../../check.js";
import { InputError, messageOf } from "../command-error.js";
import { readCsv } from "./csv.js";
import type { Row } from "./row.js";
import { nameOf, readText } from "./stream.js";

/** The rows of a file. Its name tells the format (.jsonl, .ndjson, .csv, .tsv), else its first character: JSON lines begin with "{". */
export async function* readRows(
  file: string,
  onBytes?: (read: number) => void,
): AsyncGenerator<Row> {
  const pieces = readText(file, onBytes);
  const opening = await readOpening(pieces);
  const text = (async function* () {
    yield opening;
    yield* pieces;
  })();
  yield* isCsv(file, opening)
    ? readCsv(nameOf(file), opening, text)
    : readJsonLines(nameOf(file), text);
}

async function* readJsonLines(name: string, text: AsyncIterable<string>): AsyncGenerator<Row> {
  let line = 0;
  for await (const json of splitLines(text)) {
    line += 1;
    if (json.trim() !== "")
      yield { place: `${name}:${line}`, fields: parseObject(`${name}:${line}`, json) };
  }
}

/** What the file begins with: at least its first line that is not blank, if it has one. */
async function readOpening(pieces: AsyncIterator<string>): Promise<string> {
  let opening = "";
  while (!/\S.*\n/.test(opening)) {
    const { value, done } = await pieces.next();
    if (done) break;
    opening += value;
  }
  return opening;
}

function isCsv(file: string, opening: string): boolean {
  const extension = extname(file).toLowerCase();
  if ([".csv", ".tsv"].includes(extension)) return true;
  if ([".jsonl", ".ndjson", ".json"].includes(extension)) return false;
  return !/^\s*(\{|$)/.test(opening);
}

async function* splitLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

function parseObject(place: string, json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(
      `${place}: expected one JSON object a line, saw ${inspect(json)} (${messageOf(error)}).`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InputError(`${place}: expected one JSON object a line, saw ${inspect(value)}.`);
}
