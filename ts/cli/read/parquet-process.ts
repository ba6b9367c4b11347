/** The process that decodes one Parquet file for parquet.ts: one message, one row group. */
import { open } from "node:fs/promises";
import { messageOf } from "../command-error.js";
import { type BinaryType, openParquet, type ParquetFile } from "./parquet-decode.js";

/** A request: to open a file, or to decode a row group of it. */
export type ParquetRequest =
  | { readonly file: string; readonly vector: string; readonly binary: BinaryType | undefined }
  | { readonly group: number };

/** An answer: the row groups of the file, the rows of a group, or an error. */
export type ParquetAnswer =
  | { readonly groups: readonly { firstRow: number; rows: number; compressedBytes: number }[] }
  | { readonly rows: readonly Record<string, unknown>[]; readonly notes: readonly string[] }
  | { readonly error: string };

let parquet: ParquetFile | undefined;
const notes = new Set<string>();

async function answer(request: ParquetRequest): Promise<ParquetAnswer> {
  if ("group" in request) {
    const rows = await parquet!.groups[request.group]!.read();
    return { rows, notes: [...notes] };
  }
  const handle = await open(request.file);
  const { size } = await handle.stat();
  const source = {
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
  parquet = await openParquet(source, { ...request, onNote });
  return {
    groups: parquet.groups.map(({ firstRow, rows, compressedBytes }) => ({
      firstRow,
      rows,
      compressedBytes,
    })),
  };
}

process.on("message", (request: ParquetRequest) => {
  answer(request)
    .catch((error: unknown): ParquetAnswer => ({ error: messageOf(error) }))
    .then((result) => process.send!(result));
});
// The process of the command has ended, so this process ends too.
process.on("disconnect", () => process.exit());
