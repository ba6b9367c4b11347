/**
 * The process that decodes one Parquet or Arrow file for columnar.ts: one message, one row group.
 */
import { open } from "node:fs/promises";
import { messageOf } from "../command-error.js";
import { openArrow } from "./arrow-decode.js";
import type { BinaryType, ByteSource, ColumnarFile } from "./columnar-values.js";
import { openParquet } from "./parquet-decode.js";

export type ColumnarFormat = "Parquet" | "Arrow";

/** A request: to open a file, or to decode a row group of it. */
export type DecodeRequest =
  | {
      readonly file: string;
      readonly format: ColumnarFormat;
      readonly vector: string;
      readonly binary: BinaryType | undefined;
    }
  | { readonly group: number };

/** An answer: the row groups of the file, the rows of a group, or an error. */
export type DecodeAnswer =
  | { readonly groups: readonly { firstRow: number; rows: number; compressedBytes: number }[] }
  | { readonly rows: readonly Record<string, unknown>[]; readonly notes: readonly string[] }
  | { readonly error: string };

let openedFile: ColumnarFile | undefined;
const notes = new Set<string>();

async function answer(request: DecodeRequest): Promise<DecodeAnswer> {
  if ("group" in request) {
    const rows = await openedFile!.groups[request.group]!.read();
    return { rows, notes: [...notes] };
  }
  const handle = await open(request.file);
  const { size } = await handle.stat();
  const source: ByteSource = {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      if (!(start >= 0 && end >= start && end <= size))
        throw new Error(`bytes ${start} to ${end} are not in the file of ${size} bytes`);
      const bytes = new Uint8Array(end - start);
      let filledBytes = 0;
      while (filledBytes < bytes.length) {
        const remainingBytes = bytes.length - filledBytes;
        const { bytesRead } = await handle.read(
          bytes,
          filledBytes,
          remainingBytes,
          start + filledBytes,
        );
        if (bytesRead === 0) throw new Error("the file became shorter while it was read");
        filledBytes += bytesRead;
      }
      return bytes.buffer;
    },
  };
  const onNote = (note: string): unknown => notes.add(note);
  const openFile = request.format === "Parquet" ? openParquet : openArrow;
  openedFile = await openFile(source, { ...request, onNote });
  return {
    groups: openedFile.groups.map(({ firstRow, rows, compressedBytes }) => ({
      firstRow,
      rows,
      compressedBytes,
    })),
  };
}

process.on("message", (request: DecodeRequest) => {
  answer(request)
    .catch((error: unknown): DecodeAnswer => ({ error: messageOf(error) }))
    .then((result) => process.send!(result));
});
// The process of the command has ended, so this process ends too.
process.on("disconnect", () => process.exit());
