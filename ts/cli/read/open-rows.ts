/** Rows of any format with fields, read as a stream: files may be larger than memory. */
import { extname } from "node:path";
import { columnarFormatOf, readColumnarRows } from "./columnar.js";
import type { BinaryType } from "./columnar-values.js";
import { readCsv } from "./csv.js";
import { readJson } from "./json.js";
import type { OnNote, Row } from "./row.js";
import {
  displayName,
  nameWithoutGzip,
  openText,
  readText,
  rejectUnreadableFile,
  type TextSource,
} from "./stream.js";
import { isTextVectors, readTextVectors } from "./text-vectors.js";

export interface RowOptions {
  /** Names of the fields that formats without names give to a word and its vector. */
  readonly id: string;
  readonly vector: string;
  /** Names of the columns of CSV without a header line. */
  readonly columns?: string | undefined;
  /** The type of the components of binary vectors in Parquet and Arrow. */
  readonly binary?: BinaryType | undefined;
  readonly onNote: OnNote;
  /** Receives the number of bytes read so far, of text. */
  readonly onBytes?: (bytesRead: number) => void;
  /** Receives the share of a Parquet or Arrow file read so far, from 0 to 1. */
  readonly onShare?: (share: number) => void;
}

export type TextFormat = "csv" | "json" | "vectors";

const FORMAT_OF_EXTENSION: Readonly<Record<string, TextFormat>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".inter": "csv",
  ".item": "csv",
  ".json": "json",
  ".jsonl": "json",
  ".ndjson": "json",
  ".vec": "vectors",
  ".glove": "vectors",
};

/** The rows of a file. */
export async function* openRows(file: string, options: RowOptions): AsyncGenerator<Row> {
  const columnarFormat = columnarFormatOf(file);
  if (columnarFormat) {
    await rejectUnreadableFile(file);
    yield* readColumnarRows(file, columnarFormat, options);
  } else {
    const source = await openText(readText(file, options.onBytes));
    try {
      yield* readTextRows(file, source, options);
    } finally {
      await source.close();
    }
  }
}

/** The rows of an opened text; `file` determines the format together with its beginning. */
export function readTextRows(
  file: string,
  source: TextSource,
  options: RowOptions,
): AsyncGenerator<Row> {
  const name = displayName(file);
  const format = textFormatOf(file, source.beginning);
  if (format === "csv") return readCsv(name, source, options);
  return format === "json" ? readJson(name, source) : readTextVectors(name, source, options);
}

/**
 * The format of a text. The extension determines it; without a known one, JSON begins with "{" or
 * "[" after white space, vectors in text with a word and numbers, and all else is CSV.
 */
export function textFormatOf(file: string, beginning: string): TextFormat {
  const formatOfExtension = FORMAT_OF_EXTENSION[extname(nameWithoutGzip(file)).toLowerCase()];
  if (formatOfExtension) return formatOfExtension;
  if (/^\s*([{[]|$)/.test(beginning)) return "json";
  return isTextVectors(beginning) ? "vectors" : "csv";
}
