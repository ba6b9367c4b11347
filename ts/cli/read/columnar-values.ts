/** The values of formats with columns (Parquet, Arrow) as the values that JSON has. */
import { decodeFloat16 } from "./number-array.js";

/** Types of the components of a vector that is stored as bytes, little-endian. */
export const BINARY_TYPES = ["float16", "float32", "float64", "int8", "uint8"] as const;
export type BinaryType = (typeof BINARY_TYPES)[number];

/** Maximum nesting depth of objects and lists in a value. */
const MAX_DEPTH = 64;

/** An opened file of columns: its rows in groups, each decoded when it is read. */
export interface ColumnarFile {
  readonly groups: readonly RowGroup[];
}

export interface RowGroup {
  readonly firstRow: number;
  readonly rows: number;
  readonly compressedBytes: number;
  /** The fields of each row. Call once for each group, so that one is in memory at a time. */
  read(): Promise<Record<string, unknown>[]>;
}

export interface DecodeOptions {
  /** Name of the vector field; if it has bytes, they are decoded to components. */
  readonly vector: string;
  /** Default: float32, if the values look like it. */
  readonly binary: BinaryType | undefined;
  readonly onNote: (note: string) => void;
}

/** A file or its bytes, read in slices. */
export interface ByteSource {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}

/**
 * The fields with values that JSON can represent: 64-bit integers as numbers if they are safe
 * integers, else as strings of digits; lists as arrays; bytes as text, or as the components of the
 * vector; missing values left out.
 */
export function toJsonFields(
  fields: Record<string, unknown>,
  options: DecodeOptions,
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
  { binary, vector, onNote }: DecodeOptions,
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
