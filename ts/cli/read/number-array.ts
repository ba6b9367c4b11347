/**
 * The rows of an n x dim array in a file of numbers: any real numeric type, byte order and memory
 * order. The formats that contain such an array differ in their headers only.
 */
import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "../command-error.js";
import type { Row } from "./row.js";
import { toReadError } from "./stream.js";

/** Bytes per read of the array; in Fortran order a block takes one read per column. */
const C_BLOCK_BYTES = 1 << 22;
const FORTRAN_BLOCK_BYTES = 1 << 26;

export interface NumberArray {
  readonly type: ElementType;
  readonly isLittleEndian: boolean;
  readonly isFortran: boolean;
  readonly rows: number;
  readonly dim: number;
  /** Offset of the array in bytes. */
  readonly start: number;
}

export interface ElementType {
  /** Bytes per component. */
  readonly width: number;
  read(view: DataView, offset: number, isLittleEndian: boolean): number;
}

/** Opens a file, finds the array in it, and reads its rows: see {@link readArrayRows}. */
export async function* openArrayRows(
  file: string,
  findArray: (handle: FileHandle) => Promise<NumberArray>,
  options: { vector: string; onProgress: (share: number) => void },
): AsyncGenerator<Row> {
  const handle = await open(file).catch((error: unknown) => {
    throw toReadError(file, error);
  });
  try {
    yield* readArrayRows(file, handle, await findArray(handle), options);
  } finally {
    await handle.close();
  }
}

/** The rows: each has the field `vector`. `onProgress` receives the share read, from 0 to 1. */
async function* readArrayRows(
  file: string,
  handle: FileHandle,
  array: NumberArray,
  { vector, onProgress }: { vector: string; onProgress: (share: number) => void },
): AsyncGenerator<Row> {
  const { rows, dim, type, isFortran } = array;
  const blockBytes = isFortran ? FORTRAN_BLOCK_BYTES : C_BLOCK_BYTES;
  const rowsPerBlock = Math.max(1, Math.floor(blockBytes / (type.width * dim)));
  for (let first = 0; first < rows; first += rowsPerBlock) {
    const count = Math.min(rowsPerBlock, rows - first);
    const values = await readBlock(file, handle, array, first, count);
    for (let row = 0; row < count; row += 1) {
      const components = values.subarray(row * dim, (row + 1) * dim);
      yield { location: `${file}: row ${first + row}`, fields: { [vector]: components } };
    }
    onProgress((first + count) / rows);
  }
}

/** `count` rows from row `first` on, one after the other. */
async function readBlock(
  file: string,
  handle: FileHandle,
  { type, isLittleEndian, isFortran, rows, dim, start }: NumberArray,
  first: number,
  count: number,
): Promise<Float64Array> {
  const { width } = type;
  const values = new Float64Array(count * dim);
  if (!isFortran) {
    const view = await readView(file, handle, start + first * dim * width, count * dim * width);
    for (let index = 0; index < values.length; index += 1)
      values[index] = type.read(view, index * width, isLittleEndian);
    return values;
  }
  // A column is contiguous in Fortran order.
  for (let column = 0; column < dim; column += 1) {
    const offset = start + (column * rows + first) * width;
    const view = await readView(file, handle, offset, count * width);
    for (let row = 0; row < count; row += 1)
      values[row * dim + column] = type.read(view, row * width, isLittleEndian);
  }
  return values;
}

async function readView(
  file: string,
  handle: FileHandle,
  position: number,
  length: number,
): Promise<DataView> {
  const bytes = Buffer.allocUnsafe(length);
  let filledBytes = 0;
  while (filledBytes < length) {
    const { bytesRead } = await handle.read(
      bytes,
      filledBytes,
      length - filledBytes,
      position + filledBytes,
    );
    if (bytesRead === 0)
      throw new InputError(`${file}: the file became shorter while it was read. Read it again.`);
    filledBytes += bytesRead;
  }
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

/**
 * The number of vectors and their length: (n, dim), (n, 1, dim), and (1, n, dim) for a batch of
 * one. Undefined for other shapes: the vectors of (n * dim,) cannot be separated.
 */
export function toMatrix(
  shape: readonly number[],
): readonly [rows: number, dim: number] | undefined {
  const [first, second, third] = shape as [number, number, number];
  if (shape.length === 2 && second > 0) return [first, second];
  if (shape.length !== 3 || third === 0) return undefined;
  if (second === 1) return [first, third];
  return first === 1 ? [second, third] : undefined;
}

/** Component types by the codes of NumPy (`bf16`, which NumPy has not, for bfloat16). */
export const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["bf16", { width: 2, read: (view, at, little) => decodeBfloat16(view.getUint16(at, little)) }],
  ["f2", { width: 2, read: (view, at, little) => decodeFloat16(view.getUint16(at, little)) }],
  ["f4", { width: 4, read: (view, at, little) => view.getFloat32(at, little) }],
  ["f8", { width: 8, read: (view, at, little) => view.getFloat64(at, little) }],
  ["i1", { width: 1, read: (view, at) => view.getInt8(at) }],
  ["i2", { width: 2, read: (view, at, little) => view.getInt16(at, little) }],
  ["i4", { width: 4, read: (view, at, little) => view.getInt32(at, little) }],
  ["i8", { width: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) }],
  ["u1", { width: 1, read: (view, at) => view.getUint8(at) }],
  ["u2", { width: 2, read: (view, at, little) => view.getUint16(at, little) }],
  ["u4", { width: 4, read: (view, at, little) => view.getUint32(at, little) }],
  ["u8", { width: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) }],
  ["b1", { width: 1, read: (view, at) => view.getUint8(at) }],
]);

/** The value of a bfloat16: the upper half of a float32. */
function decodeBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/** The value of an IEEE 754 binary16. */
export function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
