/**
 * JSON: one object per line, an array of objects, or objects that span lines. Read as a stream, in
 * time linear in the length of the text.
 */
import { inspect } from "../../values/check.js";
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";
import { MAX_VALUE_LENGTH, splitLines, type TextSource } from "./stream.js";

const STRUCTURE = /["\\\n{}[\],]/g;
/** An integer of 16 digits or more that may be beyond 2^53. */
const LONG_INTEGER = /(?<![\d.])\d{16,}(?![\d.eE])/;
const STRING_OR_INTEGER = /"(?:[^"\\]|\\.)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g;

/** Yields the rows of a JSON text. */
export async function* readJson(name: string, source: TextSource): AsyncGenerator<Row> {
  const isArray = /^\s*\[/.test(source.beginning);
  if (isArray || !startsWithLine(source.beginning)) {
    for await (const { json, line } of splitValues(name, source.chunks, isArray))
      yield parseRow(`${name}:${line}`, json);
    return;
  }
  let line = 0;
  for await (const json of splitLines(name, source.chunks)) {
    line += 1;
    if (json.trim() !== "") yield parseRow(`${name}:${line}`, json);
  }
}

/** Whether the first line that is not blank is a value, or is no object that goes on. */
function startsWithLine(beginning: string): boolean {
  const start = beginning.search(/\S/);
  if (start < 0 || beginning[start] !== "{") return true;
  const finishValue = beginning.indexOf("\n", start);
  if (finishValue < 0) return true;
  try {
    JSON.parse(beginning.slice(start, finishValue));
    return true;
  } catch {
    return false;
  }
}

interface JsonText {
  readonly json: string;
  /** The number of its first line. */
  readonly line: number;
}

/** Yields the JSON text of each element of one array, or of each of several values in a row. */
async function* splitValues(
  name: string,
  text: AsyncIterable<string>,
  isArray: boolean,
): AsyncGenerator<JsonText> {
  const structure = new RegExp(STRUCTURE);
  let parts: string[] = [];
  let length = 0;
  /** Open brackets, those of the array itself left out. */
  let depth = isArray ? -1 : 0;
  let inString = false;
  let isEscaped = false;
  let isClosed = false;
  let hasComma = false;
  let line = 1;
  let firstLine = 0;
  const throwJsonError = (problem: string): never => {
    throw new InputError(
      `${name}:${firstLine || line}: ${problem}. Expected one JSON object a line, or one array.`,
    );
  };
  const appendPart = (part: string): void => {
    parts.push(part);
    length += part.length;
    if (length > MAX_VALUE_LENGTH)
      throwJsonError(
        `a value is longer than ${MAX_VALUE_LENGTH} characters. jq -c '.[]' splits an array`,
      );
  };
  const finishValue = (): JsonText => {
    const value = { json: parts.join(""), line: firstLine || line };
    parts = [];
    length = 0;
    firstLine = 0;
    return value;
  };
  for await (const chunk of text) {
    if (chunk === "") continue;
    let start = 0;
    structure.lastIndex = isEscaped ? 1 : 0;
    isEscaped = false;
    for (let match = structure.exec(chunk); match; match = structure.exec(chunk)) {
      const [character] = match;
      const { index } = match;
      let nextIndex = index + 1;
      if (character === "\n") {
        if (inString) throwJsonError("a string does not end in its line");
        line += 1;
      } else if (inString) {
        if (character === '"') inString = false;
        else if (character === "\\") {
          nextIndex += 1;
          isEscaped = nextIndex > chunk.length;
        }
      } else if (isClosed) throwJsonError(`text follows the array, saw ${inspect(character)}`);
      else if (character === '"') {
        inString = true;
        firstLine ||= line;
      } else if (character === "{" || character === "[") {
        depth += 1;
        if (depth === 0) start = nextIndex;
        else firstLine ||= line;
      } else if (character === "}" || character === "]") {
        depth -= 1;
        if (depth < 0 && (!isArray || character === "}"))
          throwJsonError(`a ${character} without its bracket`);
        const isEnd = isArray ? depth < 0 : depth === 0;
        if (isEnd) {
          appendPart(chunk.slice(start, isArray ? index : nextIndex));
          start = nextIndex;
          isClosed = isArray;
          const value = finishValue();
          const isBlank = value.json.trim() === "";
          if (isBlank && hasComma) throwJsonError("a comma ends the array");
          if (!isBlank) yield value;
        }
      } else if (character === "," && isArray && depth === 0) {
        appendPart(chunk.slice(start, index));
        start = nextIndex;
        hasComma = true;
        yield finishValue();
      }
      structure.lastIndex = nextIndex;
    }
    appendPart(chunk.slice(start));
  }
  const isBlank = parts.join("").trim() === "";
  if (inString || depth !== (isArray ? -1 : 0))
    throwJsonError("the JSON ends early, as in an incomplete file");
  if (!isBlank) throwJsonError(`text outside an object, saw ${inspect(parts.join("").trim())}`);
}

function parseRow(location: string, json: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(
      `${location}: expected one JSON object a line, saw ${inspect(json.trim())} ` +
        `(${messageOf(error).slice(0, 120)}).`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InputError(`${location}: expected one JSON object a line, saw ${inspect(value)}.`);
  if (LONG_INTEGER.test(json)) rejectInexactIntegers(location, json);
  return { location, fields: value as Record<string, unknown> };
}

/** JSON.parse rounds an integer beyond 2^53: an id would become another one. */
function rejectInexactIntegers(location: string, json: string): void {
  for (const [token] of json.matchAll(STRING_OR_INTEGER)) {
    if (token.startsWith('"')) continue;
    const number = Number(token);
    if (Number.isFinite(number) && BigInt(token) === BigInt(number)) continue;
    throw new InputError(
      `${location}: the number ${token.slice(0, 40)} is beyond 2^53, where digits are lost. ` +
        `Write it in quotes, as in "id": "${token.slice(0, 40)}".`,
    );
  }
}
