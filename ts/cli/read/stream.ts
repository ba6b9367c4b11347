/** Bytes and text from a file, or from the standard input where the file is called "-". */
import { createReadStream } from "node:fs";
import { InputError, messageOf } from "../command-error.js";

/** How messages call the file. */
export function nameOf(file: string): string {
  return file === "-" ? "stdin" : file;
}

/** All bytes at once. */
export async function readBytes(file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The text piece by piece: UTF-8, without a byte order mark, lines ending in "\n" alone. */
export async function* readText(
  file: string,
  onBytes?: (read: number) => void,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk: Uint8Array | undefined): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new InputError(`${nameOf(file)}: this is not UTF-8 text. Expected JSON lines or CSV.`);
    }
  };
  let held = "";
  let bytes = 0;
  for await (const chunk of readChunks(file)) {
    onBytes?.((bytes += chunk.length));
    const text = held + decode(chunk);
    held = text.endsWith("\r") ? "\r" : ""; // its "\n" may be the first of the next chunk
    yield text.slice(0, text.length - held.length).replaceAll("\r\n", "\n");
  }
  yield held + decode(undefined);
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* (file === "-" ? process.stdin : createReadStream(file)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new InputError(`${nameOf(file)}: cannot be read: ${messageOf(error)}`);
  }
}
