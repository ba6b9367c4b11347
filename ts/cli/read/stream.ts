/** Bytes and text from a file, or from the standard input if the file is "-". */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError, messageOf } from "../command-error.js";

/** Maximum length of a line, and of a value of a JSON document, in UTF-16 units. */
export const MAX_VALUE_LENGTH = 1 << 28;
/** Maximum length of the beginning of a file that determines its format, in UTF-16 units. */
const MAX_BEGINNING_LENGTH = 1 << 20;
/** Number of bytes at which the kind of a file is recognized. */
const BEGINNING_BYTES = 64;

/** First bytes of files that are of no format that is read, even if they are text. */
const UNREADABLE_BEGINNINGS: readonly [beginning: RegExp, remedy: string][] = [
  [/^version https:\/\/git-lfs/, "It is a pointer of Git LFS: run git lfs pull for the contents"],
  [/^PK\x03\x04/, "It is a zip archive (or .xlsx, .npz): unpack it, or save the table as CSV"],
  [/^\s*<(!doctype|html)/i, "It is a web page, perhaps of a failed download: download it again"],
  [/^%PDF-/, "It is a PDF: save the table as CSV"],
];
/** First bytes of other encodings and formats, and what to do with them. */
const FOREIGN_BEGINNINGS: readonly [beginning: string, remedy: string][] = [
  ["\xff\xfe", "It is UTF-16: save the file as UTF-8"],
  ["\xfe\xff", "It is UTF-16: save the file as UTF-8"],
  ["\x1f\x8b", "It is gzip: unpack it with gunzip"],
  ["\x28\xb5\x2f\xfd", "It is Zstandard: unpack it with unzstd"],
  ["PAR1", "It is Parquet: rename the file so that its name ends in .parquet"],
  ["\x93NUMPY", "It is NumPy: rename the file so that its name ends in .npy"],
  ["ARROW1", "It is Arrow: rename the file so that its name ends in .arrow"],
  ["SQLite format 3", "It is a database: export its table as CSV"],
];

/** The name without .gz, the extension of a compressed file. */
export function nameWithoutGzip(file: string): string {
  return file.replace(/\.gz$/i, "");
}

/** The name of a file in messages. */
export function displayName(file: string): string {
  return file === "-" ? "stdin" : file;
}

/** The error for a file that cannot be opened or read. */
export function toReadError(file: string, error: unknown): InputError {
  if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? ""))
    return new InputError(
      `${displayName(file)}: is no whole gzip file: ${messageOf(error)}. ` +
        "Download or compress it again; if it is not compressed, rename it without .gz.",
    );
  return new InputError(
    `${displayName(file)}: cannot be read: ${messageOf(error)}. ` +
      "Check the path and its permissions.",
  );
}

/** Throws if the file begins like one that no reader reads, whatever its name. */
export async function rejectUnreadableFile(file: string): Promise<void> {
  // Reading a pipe would take its bytes.
  const isRegular = (await stat(file).catch(() => undefined))?.isFile();
  if (!isRegular) return;
  for await (const chunk of createReadStream(file, { end: BEGINNING_BYTES - 1 }))
    rejectUnreadable(file, chunk as Buffer);
}

function rejectUnreadable(file: string, bytes: Uint8Array): void {
  const beginning = latin1Of(bytes);
  const remedy = UNREADABLE_BEGINNINGS.find(([pattern]) => pattern.test(beginning))?.[1];
  if (remedy === undefined) return;
  throw new InputError(
    `${displayName(file)}: it has no items. ${remedy}. Expected JSON lines, CSV or another format.`,
  );
}

/** The first bytes, one character each. */
function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, BEGINNING_BYTES)).toString("latin1");
}

/** Reads the complete contents of a file as bytes. */
export async function readBytes(file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The text in chunks of any length: UTF-8, without a byte order mark, "\r\n" replaced by "\n".
 * `onBytes` receives the number of bytes read so far, of a compressed file the compressed ones.
 */
export async function* readText(
  file: string,
  onBytes?: (bytesRead: number) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let firstBytes: string | undefined;
  const decode = (chunk: Uint8Array | undefined): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      const remedy =
        FOREIGN_BEGINNINGS.find(([beginning]) => firstBytes?.startsWith(beginning))?.[1] ??
        "Save the file as UTF-8";
      throw new InputError(
        `${displayName(file)}: the bytes are not UTF-8 text. ${remedy}. ` +
          "Expected JSON lines, CSV or another text format.",
      );
    }
  };
  let carriedText = "";
  for await (const chunk of readChunks(file, onBytes)) {
    if (firstBytes === undefined) rejectUnreadable(file, chunk);
    firstBytes ??= latin1Of(chunk);
    const text = carriedText + decode(chunk);
    // The next chunk may begin with the "\n" of this "\r".
    carriedText = text.endsWith("\r") ? "\r" : "";
    yield text.slice(0, text.length - carriedText.length).replaceAll("\r\n", "\n");
  }
  yield carriedText + decode(undefined);
}

/** A text whose beginning has been read, to detect its format. */
export interface TextSource {
  /** The text up to the end of its first line that is not blank, or up to a limit. */
  readonly beginning: string;
  /** All chunks, those of the beginning included. */
  readonly chunks: AsyncIterable<string>;
  /** Closes the file; required whether or not the chunks were read. */
  readonly close: () => Promise<unknown>;
}

/** Reads the beginning of a text. Linear in its length: each chunk is searched once. */
export async function openText(chunks: AsyncGenerator<string>): Promise<TextSource> {
  const beginningChunks: string[] = [];
  let length = 0;
  let isBlank = true;
  while (length < MAX_BEGINNING_LENGTH) {
    const { value, done } = await chunks.next();
    if (done) break;
    beginningChunks.push(value);
    length += value.length;
    const lineStart: number = isBlank ? value.search(/\S/) : 0;
    if (lineStart < 0) continue;
    isBlank = false;
    if (value.indexOf("\n", lineStart) >= 0) break;
  }
  const beginning = beginningChunks.join("");
  return {
    beginning,
    chunks: (async function* () {
      yield beginning;
      yield* chunks;
    })(),
    close: () => chunks.return(undefined),
  };
}

/**
 * The lines of a text in chunks, without "\n"; the last is empty if the text ends with "\n". Linear
 * in the length of the text: a line that spans chunks is joined once.
 */
export async function* splitLines(
  name: string,
  text: AsyncIterable<string>,
): AsyncGenerator<string> {
  let unfinishedParts: string[] = [];
  let unfinishedLength = 0;
  let line = 1;
  for await (const chunk of text) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      unfinishedParts.push(chunk.slice(start, end));
      yield unfinishedParts.length === 1 ? unfinishedParts[0]! : unfinishedParts.join("");
      unfinishedParts = [];
      unfinishedLength = 0;
      line += 1;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    unfinishedParts.push(start === 0 ? chunk : chunk.slice(start));
    unfinishedLength += chunk.length - start;
    if (unfinishedLength > MAX_VALUE_LENGTH)
      throw new InputError(
        `${name}:${line}: the line is longer than ${MAX_VALUE_LENGTH} characters. ` +
          "Expected one item or action a line.",
      );
  }
  yield unfinishedParts.join("");
}

/** Length of a file in bytes; 0 if unknown: standard input, or a file that cannot be read. */
export async function fileLength(file: string): Promise<number> {
  if (file === "-") return 0;
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The bytes of a file; those of a file named .gz are decompressed. */
async function* readChunks(
  file: string,
  onBytes?: (bytesRead: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytesRead = 0;
  const input: AsyncIterable<Uint8Array> = file === "-" ? process.stdin : createReadStream(file);
  const countedChunks = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      bytesRead += chunk.length;
      onBytes?.(bytesRead);
      yield chunk;
    }
  };
  try {
    if (nameWithoutGzip(file) === file) yield* countedChunks();
    else {
      await rejectUnreadableFile(file);
      // The error of a stage reaches the reader of the last stage; the callback must exist.
      yield* pipeline(Readable.from(countedChunks()), createGunzip(), () => {});
    }
  } catch (error) {
    throw error instanceof InputError ? error : toReadError(file, error);
  }
}
