/** Rows of JSON lines or CSV, read as a stream: files may be larger than memory. */
import { extname } from "node:path";
import { inspect } from "../../check.js";
import { InputError, messageOf } from "../command-error.js";
import { readCsv } from "./csv.js";
import type { Row } from "./row.js";
import { displayName, readText, splitLines } from "./stream.js";

/**
 * The rows of a file. The extension determines the format (.jsonl, .ndjson, .json; .csv, .tsv);
 * without a known one, JSON lines begin with "{" after white space, and all else is CSV.
 */
export async function* readRows(
  file: string,
  onBytes?: (bytesRead: number) => void,
): AsyncGenerator<Row> {
  const chunks = readText(file, onBytes);
  const beginning = await readBeginning(chunks);
  const text = (async function* () {
    yield beginning;
    yield* chunks;
  })();
  yield* isCsv(file, beginning)
    ? readCsv(displayName(file), beginning, text)
    : readJsonLines(displayName(file), text);
}

async function* readJsonLines(name: string, text: AsyncIterable<string>): AsyncGenerator<Row> {
  let lineNumber = 0;
  for await (const line of splitLines(text)) {
    lineNumber += 1;
    const location = `${name}:${lineNumber}`;
    if (line.trim() !== "") yield { location, fields: parseObject(location, line) };
  }
}

/** The beginning of the text up to at least its first line that is not blank, if there is one. */
async function readBeginning(chunks: AsyncIterator<string>): Promise<string> {
  let beginning = "";
  while (!/\S.*\n/.test(beginning)) {
    const { value, done } = await chunks.next();
    if (done) break;
    beginning += value;
  }
  return beginning;
}

function isCsv(file: string, beginning: string): boolean {
  const extension = extname(file).toLowerCase();
  if ([".csv", ".tsv"].includes(extension)) return true;
  if ([".jsonl", ".ndjson", ".json"].includes(extension)) return false;
  return !/^\s*(\{|$)/.test(beginning);
}

function parseObject(location: string, json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(
      `${location}: expected one JSON object a line, saw ${inspect(json)} (${messageOf(error)}).`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InputError(`${location}: expected one JSON object a line, saw ${inspect(value)}.`);
}
