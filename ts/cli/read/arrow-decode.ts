/**
 * The rows of an Arrow IPC file or stream (Feather 2), parsed by flechette. Imported by the process
 * of columnar.ts only, as parquet-decode.ts.
 */
import type { DataType, Table } from "@uwdata/flechette";
import {
  type ByteSource,
  type ColumnarFile,
  type DecodeOptions,
  type RowGroup,
  toJsonFields,
} from "./columnar-values.js";

/** Maximum decompressed bytes of all columns: a small file may claim any number. */
const MAX_DECOMPRESSED_BYTES = 2 ** 32;
/** Maximum decompressed bytes of one column of a record batch. */
const MAX_BUFFER_BYTES = 1 << 28;
const BYTES_OF_MAGIC = 6;

/** Opens an Arrow file: reads all of it, and decodes the rows of a record batch at a time. */
export async function openArrow(file: ByteSource, options: DecodeOptions): Promise<ColumnarFile> {
  const { tableFromIPC } = await import("@uwdata/flechette");
  await registerCodecs();
  const bytes = new Uint8Array(await file.slice(0));
  const magic = Buffer.from(bytes.subarray(0, BYTES_OF_MAGIC)).toString("latin1");
  if (magic.startsWith("FEA1")) throw new Error("it is Feather version 1, expected version 2");
  const table = tableFromIPC(bytes, { useBigInt: true, useDate: true });
  if (table.numCols === 0) throw new Error("it has no columns");
  let firstRow = 0;
  const lengths = table.children[0]!.data.map(({ length }) => length);
  const groups = lengths.map((rows, batch): RowGroup => {
    const start = firstRow;
    firstRow += rows;
    return {
      firstRow: start,
      rows,
      compressedBytes: bytes.length / lengths.length,
      read: async () => readBatch(table, batch).map((fields) => toJsonFields(fields, options)),
    };
  });
  return { groups };
}

function readBatch(table: Table, batch: number): Record<string, unknown>[] {
  const columns = table.schema.fields.map(({ name, type }, column) => {
    const values = table.children[column]!.data[batch]!;
    return { name, type, values };
  });
  const rows = columns[0]!.values.length;
  const mismatch = columns.find(({ values }) => values.length !== rows);
  if (mismatch)
    throw new Error(`the column "${mismatch.name}" has ${mismatch.values.length} of ${rows} rows`);
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(
      columns.map(({ name, type, values }) => [name, separateLists(values.at(row), type)]),
    ),
  );
}

/**
 * The value with lists as arrays. flechette returns lists of numbers as typed arrays, and so a
 * list of uint8 as bytes, which are a different value: text, or float32 components.
 */
function separateLists(value: unknown, type: DataType): unknown {
  if (value === null || typeof value !== "object") return value;
  const children = "children" in type ? type.children : undefined;
  if (!children) return value;
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  if (isList && children.length === 1)
    return Array.from(value as ArrayLike<unknown>, (each) =>
      separateLists(each, children[0]!.type),
    );
  if (isList || value instanceof Map) return value;
  return Object.fromEntries(
    children.map(({ name, type: childType }) => [
      name,
      separateLists((value as Record<string, unknown>)[name], childType),
    ]),
  );
}

/** Registers the two codecs of the format, LZ4 frames and Zstandard, with limited output. */
async function registerCodecs(): Promise<void> {
  const { CompressionType, setCompressionCodec } = await import("@uwdata/flechette");
  const { decompressZstd } = await import("hyparquet-compressors");
  const { decompressFrame } = await import("lz4js");
  let totalBytes = 0;
  const allocate = (length: number): Uint8Array => {
    totalBytes += length;
    if (!(length >= 0 && length <= MAX_BUFFER_BYTES && totalBytes <= MAX_DECOMPRESSED_BYTES))
      throw new Error(
        `a column of ${length} bytes, ${totalBytes} with those before it, expected at most ` +
          `${MAX_BUFFER_BYTES} and ${MAX_DECOMPRESSED_BYTES}`,
      );
    return new Uint8Array(length);
  };
  const checkLength = (bytes: Uint8Array, length: number): Uint8Array => {
    if (bytes.length === length) return bytes;
    throw new Error(`a column has ${bytes.length} bytes, expected ${length}`);
  };
  const rejectEncoding = (): never => {
    throw new Error("compression is not used");
  };
  setCompressionCodec(CompressionType.LZ4_FRAME, {
    encode: rejectEncoding,
    decode(bytes, length) {
      const output = allocate(length);
      const filledBytes = decompressFrame(bytes, output);
      return checkLength(output.subarray(0, filledBytes), length);
    },
  });
  setCompressionCodec(CompressionType.ZSTD, {
    encode: rejectEncoding,
    decode: (bytes, length) => checkLength(decompressZstd(bytes, allocate(length)), length),
  });
}
