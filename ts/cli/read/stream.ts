/** Bytes and text from a file, or from the standard input if the file is "-". */
import { createReadStream } from "node:fs";
import { InputError, messageOf } from "../command-error.js";

/** The name of a file in messages. */
export function displayName(file: string): string {
  return file === "-" ? "stdin" : file;
}

/** The complete contents. */
export async function readBytes(file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The text in chunks of any length: UTF-8, without a byte order mark, "\r\n" replaced by "\n".
 * `onBytes` receives the number of bytes read so far.
 */
export async function* readText(
  file: string,
  onBytes?: (bytesRead: number) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk: Uint8Array | undefined): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new InputError(
        `${displayName(file)}: the bytes are not UTF-8 text. Expected JSON lines or CSV.`,
      );
    }
  };
  let carriedOver = "";
  let bytesRead = 0;
  for await (const chunk of readChunks(file)) {
    onBytes?.((bytesRead += chunk.length));
    const text = carriedOver + decode(chunk);
    // The next chunk may begin with the "\n" of this "\r".
    carriedOver = text.endsWith("\r") ? "\r" : "";
    yield text.slice(0, text.length - carriedOver.length).replaceAll("\r\n", "\n");
  }
  yield carriedOver + decode(undefined);
}

/** The lines of a text in chunks, without "\n"; the last is empty if the text ends with "\n". */
export async function* splitLines(text: AsyncIterable<string>): AsyncGenerator<string> {
  let unfinished = "";
  for await (const chunk of text) {
    const lines = (unfinished + chunk).split("\n");
    unfinished = lines.pop()!;
    yield* lines;
  }
  yield unfinished;
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* (file === "-" ? process.stdin : createReadStream(file)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new InputError(`${displayName(file)}: cannot be read: ${messageOf(error)}`);
  }
}
