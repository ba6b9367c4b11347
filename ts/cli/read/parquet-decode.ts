/**
 * The rows of a Parquet file, parsed by hyparquet and hyparquet-compressors. Imported by the
 * process of parquet.ts only: a damaged file can make the decoder loop or allocate without end.
 */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Compressors } from "hyparquet-compressors";
import { decodeFloat16 } from "./npy.js";

/** Types of the components of a vector that is stored as bytes, little-endian. */
export const BINARY_TYPES = ["float16", "float32", "float64", "int8", "uint8"] as const;
export type BinaryType = (typeof BINARY_TYPES)[number];

/** Maximum uncompressed bytes of a page; writers use about 1 MB. */
const MAX_PAGE_BYTES = 1 << 28;
/** Maximum number of rows of a row group; writers use at most 1,048,576. */
const MAX_GROUP_ROWS = 1 << 27;
/** Maximum nesting depth of objects and lists in a value. */
const MAX_DEPTH = 64;

export interface ParquetFile {
  readonly groups: readonly ParquetGroup[];
  readonly rows: number;
}

interface ParquetGroup {
  readonly firstRow: number;
  readonly rows: number;
  readonly compressedBytes: number;
  /** The fields of each row. Call once for each group, so that one is in memory at a time. */
  read(): Promise<Record<string, unknown>[]>;
}

export interface ParquetDecodeOptions {
  /** Name of the vector field; if it has bytes, they are decoded to components. */
  readonly vector: string;
  /** Default: float32, if the values look like it. */
  readonly binary: BinaryType | undefined;
  readonly onNote: (note: string) => void;
}

/** A file or its bytes, as hyparquet reads them. */
export interface ByteSource {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}

/** Opens a Parquet file: reads the metadata in its footer, but no rows. */
export async function openParquet(
  file: ByteSource,
  options: ParquetDecodeOptions,
): Promise<ParquetFile> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const metadata = await parquetMetadataAsync(file);
  let firstRow = 0;
  const groups = metadata.row_groups.map((group): ParquetGroup => {
    const rowStart = firstRow;
    const rows = Number(group.num_rows);
    if (!(rows >= 0 && rows <= MAX_GROUP_ROWS))
      throw new Error(`a row group of ${rows} rows, expected at most ${MAX_GROUP_ROWS}`);
    firstRow += rows;
    const columns = group.columns.map((column) => Number(column.meta_data?.total_compressed_size));
    return {
      firstRow: rowStart,
      rows,
      compressedBytes: columns.reduce((sum, bytes) => sum + (bytes || 0), 0),
      async read() {
        const objects = await parquetReadObjects({
          ...{ file, metadata, rowStart, rowEnd: rowStart + rows },
          compressors: limitDecompression(compressors),
          utf8: false,
        });
        if (objects.length !== rows)
          throw new Error(`a row group has ${objects.length} rows, expected ${rows}`);
        return objects.map((fields) => toJsonFields(fields, options));
      },
    };
  });
  return { groups, rows: firstRow };
}

/** Limits the size of decompressed pages; gzip and Brotli are decompressed by Node. */
function limitDecompression(compressors: Compressors): Compressors {
  const limitedCompressors: Compressors = {
    ...compressors,
    GZIP: (bytes, length) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }),
    BROTLI: (bytes, length) =>
      brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) }),
  };
  return Object.fromEntries(
    Object.entries(limitedCompressors).map(([codec, decompress]) => [
      codec,
      (bytes: Uint8Array, length: number) => {
        if (!(length >= 0 && length <= MAX_PAGE_BYTES))
          throw new Error(`a page of ${length} bytes, expected at most ${MAX_PAGE_BYTES}`);
        return decompress(bytes, length);
      },
    ]),
  );
}

/**
 * The fields with values that JSON can represent: 64-bit integers as numbers if they are safe
 * integers, else as strings of digits; lists as arrays; bytes as text, or as the components of the
 * vector; missing values left out.
 */
function toJsonFields(
  fields: Record<string, unknown>,
  options: ParquetDecodeOptions,
): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    const isVector = name === options.vector;
    const convertedValue =
      isVector && value instanceof Uint8Array
        ? readComponents(value, options)
        : toJsonValue(value, isVector, 0);
    // Typed arrays cross to another process as bytes.
    if (
      isVector &&
      Array.isArray(convertedValue) &&
      convertedValue.every((one) => typeof one === "number")
    ) {
      entries.push([name, Float64Array.from(convertedValue)]);
      continue;
    }
    if (convertedValue === undefined)
      options.onNote(`the column "${name}" is left out: its bytes are not UTF-8 text`);
    else entries.push([name, convertedValue]);
  }
  return Object.fromEntries(entries);
}

function toJsonValue(value: unknown, isVector: boolean, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error(`values are nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === "bigint") {
    const number = Number(value);
    return isVector || Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value !== "object" || value === null || value instanceof Date)
    return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value;
  if (value instanceof Uint8Array) return decodeText(value);
  if (ArrayBuffer.isView(value))
    return Array.from(value as unknown as ArrayLike<unknown>, (element) =>
      toJsonValue(element, isVector, depth + 1),
    );
  if (Array.isArray(value))
    return value.map((element) => toJsonValue(element, isVector, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, toJsonValue(inner, isVector, depth + 1)]),
  );
}

/** The text; undefined for bytes that are not UTF-8. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The components of a vector stored as bytes of a fixed width each; text is left as text. */
function readComponents(
  bytes: Uint8Array,
  { binary, vector, onNote }: ParquetDecodeOptions,
): number[] | string {
  const latin1Text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
  );
  if (NUMBER_TEXT.test(latin1Text)) return latin1Text;
  const type = binary ?? "float32";
  const { width, read } = COMPONENTS[type];
  if (bytes.length === 0 || bytes.length % width !== 0)
    throw new Error(
      `the vector "${vector}" has ${bytes.length} bytes, which are no ${type} components. ` +
        `--binary names their type: ${BINARY_TYPES.join(", ")}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / width;
  const values = Array.from({ length: count }, (_, index) => read(view, index * width));
  if (binary === undefined && !values.every(isLikelyComponent))
    throw new Error(
      `the ${bytes.length} bytes of the vector "${vector}" are not ${count} float32 components. ` +
        `--binary names their type: ${BINARY_TYPES.join(", ")}`,
    );
  onNote(
    `the vector "${vector}" is binary: its ${bytes.length} bytes are read as ${count} ${type} ` +
      "components; --binary names another type",
  );
  return values;
}

/** Matches a vector that is written as text in a column of bytes. */
const NUMBER_TEXT = /^[\s\d.,;+\-eE[\]]+$/;

/** Whether a float32 has a plausible magnitude: bytes of another type soon give huge values. */
function isLikelyComponent(value: number): boolean {
  const magnitude = Math.abs(value);
  return magnitude === 0 || (magnitude > 1e-15 && magnitude < 1e15);
}

const COMPONENTS: Readonly<
  Record<BinaryType, { width: number; read(view: DataView, at: number): number }>
> = {
  float16: { width: 2, read: (view, at) => decodeFloat16(view.getUint16(at, true)) },
  float32: { width: 4, read: (view, at) => view.getFloat32(at, true) },
  float64: { width: 8, read: (view, at) => view.getFloat64(at, true) },
  int8: { width: 1, read: (view, at) => view.getInt8(at) },
  uint8: { width: 1, read: (view, at) => view.getUint8(at) },
};
