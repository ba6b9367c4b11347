/**
 * Vectors from NumPy's .npy format (a C-ordered n x dim array of float16, float32 or float64,
 * little-endian), and their ids from a second file.
 */
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";
import { readText, splitLines } from "./stream.js";
import { readRows } from "./text-rows.js";

/** Bytes per read of the array. */
const READ_BYTES = 1 << 22;
/** Bytes in which the header must end. */
const MAX_HEADER_BYTES = 1 << 16;

interface NpyHeader {
  /** Bytes a component. */
  width: 2 | 4 | 8;
  rows: number;
  dim: number;
  /** Offset of the array in bytes. */
  start: number;
}

/** The rows: id, vector, and the other fields of the ids file. Both files must have n rows. */
export async function* readNpyRows(
  file: string,
  {
    id,
    vector,
    ids,
    onProgress,
  }: { id: string; vector: string; ids: string | undefined; onProgress: (share: number) => void },
): AsyncGenerator<Row> {
  if (ids === undefined)
    throw new InputError(
      `${file}: a .npy file has no ids. Add --ids FILE: one id a line, or JSON lines or CSV with ` +
        `the field "${id}".`,
    );
  const handle = await open(file).catch((error: unknown) => {
    throw new InputError(`${file}: cannot be read: ${messageOf(error)}`);
  });
  try {
    const { size } = await handle.stat();
    const beginning = Buffer.alloc(Math.min(size, MAX_HEADER_BYTES));
    await handle.read(beginning, 0, beginning.length, 0);
    const { width, rows, dim, start } = parseHeader(file, beginning, size);
    const rowBytes = width * dim;
    const idRows = readIdRows(ids, id);
    const rowsPerRead = Math.max(1, Math.floor(READ_BYTES / rowBytes));
    for (let firstRow = 0; firstRow < rows; firstRow += rowsPerRead) {
      const endRow = Math.min(firstRow + rowsPerRead, rows);
      const bytes = Buffer.alloc((endRow - firstRow) * rowBytes);
      await handle.read(bytes, 0, bytes.length, start + firstRow * rowBytes);
      for (let row = firstRow; row < endRow; row += 1) {
        const { value: idFields, done } = await idRows.next();
        if (done)
          throw new InputError(`${ids}: expected ${rows} ids, one a row of ${file}, saw ${row}.`);
        const offset = (row - firstRow) * rowBytes;
        const values = decodeFloats(bytes.subarray(offset, offset + rowBytes), width);
        yield { location: `${file}: row ${row}`, fields: { ...idFields, [vector]: values } };
      }
      onProgress(endRow / rows);
    }
    if (!(await idRows.next()).done)
      throw new InputError(`${ids}: expected ${rows} ids, one a row of ${file}, saw more.`);
  } finally {
    await handle.close();
  }
}

/** Parses the magic, the version, and the Python dictionary with dtype, order and shape. */
function parseHeader(file: string, bytes: Buffer, fileSize: number): NpyHeader {
  const invalid = (seen: string): InputError =>
    new InputError(
      `${file}: ${seen}. Expected a NumPy array of n x dim float16, float32 or float64: ` +
        `np.save("${file}", vectors.astype("float32")).`,
    );
  if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== "\x93NUMPY")
    throw invalid("not a .npy file");
  const hasLongHeader = bytes[6]! >= 2;
  const textStart = hasLongHeader ? 12 : 10;
  const start = textStart + (hasLongHeader ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const text = bytes.toString("latin1", textStart, start);
  const width = ({ "<f2": 2, "<f4": 4, "<f8": 8 } as const)[
    /'descr': *'([^']*)'/.exec(text)?.[1] ?? ""
  ];
  const [, rows, dim] = /'shape': *\((\d+), *(\d+),?\)/.exec(text) ?? [];
  if (width === undefined)
    throw invalid(`the dtype is ${/'descr': *([^,]*)/.exec(text)?.[1] ?? "missing"}`);
  if (rows === undefined || dim === undefined)
    throw invalid(`the shape is ${/'shape': *(\([^)]*\))/.exec(text)?.[1] ?? "missing"}`);
  if (/'fortran_order': *True/.test(text)) throw invalid("the array is in Fortran order");
  const expectedSize = start + Number(rows) * Number(dim) * width;
  if (fileSize !== expectedSize)
    throw invalid(`the file has ${fileSize} bytes, its header specifies ${expectedSize}`);
  return { width, rows: Number(rows), dim: Number(dim), start };
}

function decodeFloats(bytes: Buffer, width: NpyHeader["width"]): number[] {
  const decode = {
    2: (offset: number) => decodeFloat16(bytes.readUInt16LE(offset)),
    4: (offset: number) => bytes.readFloatLE(offset),
    8: (offset: number) => bytes.readDoubleLE(offset),
  }[width];
  return Array.from({ length: bytes.length / width }, (_, index) => decode(index * width));
}

/** The value of an IEEE 754 binary16. */
function decodeFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The fields of each row of the ids file: plain text has one id a line, other files have rows. */
async function* readIdRows(
  file: string,
  id: string,
): AsyncGenerator<Readonly<Record<string, unknown>>> {
  if (![".txt", ".ids", ""].includes(extname(file).toLowerCase())) {
    for await (const { fields } of readRows(file)) yield fields;
    return;
  }
  let previous: string | undefined;
  for await (const line of splitLines(readText(file))) {
    if (previous !== undefined) yield { [id]: previous };
    previous = line;
  }
  // The last line is empty if the file ends with "\n".
  if (previous) yield { [id]: previous };
}
