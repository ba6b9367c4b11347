/**
 * Vectors from NumPy's .npy format: an n x dim array of any real numeric type, byte order and
 * memory order.
 */
import type { FileHandle } from "node:fs/promises";
import { InputError } from "../command-error.js";
import { ELEMENT_TYPES, type NumberArray, openArrayRows, toMatrix } from "./number-array.js";
import type { Row } from "./row.js";

/** Maximum length of the header in bytes. */
const MAX_HEADER_BYTES = 1 << 16;
const MAX_VERSION = 3;

/** The rows: each has the field `vector`. `onProgress` receives the share read, from 0 to 1. */
export async function* readNpyRows(
  file: string,
  options: { vector: string; onProgress: (share: number) => void },
): AsyncGenerator<Row> {
  yield* openArrayRows(file, (handle) => readHeader(file, handle), options);
}

/** Parses the magic, the version, and the Python dictionary with dtype, order and shape. */
async function readHeader(file: string, handle: FileHandle): Promise<NumberArray> {
  const invalidHeader = (seen: string, remedy = `np.save("${file}", vectors.astype("float32"))`) =>
    new InputError(
      `${file}: ${seen}. Expected a NumPy array of n x dim numbers, as this writes it: ${remedy}.`,
    );
  const { size } = await handle.stat();
  const beginning = Buffer.alloc(Math.min(size, MAX_HEADER_BYTES));
  await handle.read(beginning, 0, beginning.length, 0);
  if (beginning.length < 12 || beginning.toString("latin1", 0, 6) !== "\x93NUMPY")
    throw invalidHeader("not a .npy file");
  const version = beginning[6]!;
  if (version < 1 || version > MAX_VERSION)
    throw invalidHeader(`the format version is ${version}, expected at most ${MAX_VERSION}`);
  const hasLongHeader = version >= 2;
  const textStart = hasLongHeader ? 12 : 10;
  const start = textStart + (hasLongHeader ? beginning.readUInt32LE(8) : beginning.readUInt16LE(8));
  const text = beginning.toString("latin1", textStart, Math.min(start, beginning.length));
  const [, order = "", code = ""] = /'descr': *'([<>|=]?)(\w+)'/.exec(text) ?? [];
  const type = ELEMENT_TYPES.get(code);
  if (type === undefined)
    throw invalidHeader(
      `the dtype is ${/'descr': *([^,]*)/.exec(text)?.[1]?.slice(0, 60) ?? "missing"}`,
    );
  const [, shapeText] = /'shape': *\(([\dL, ]*)\)/.exec(text) ?? [];
  const [, fortranOrder] = /'fortran_order': *(True|False)/.exec(text) ?? [];
  if (shapeText === undefined || fortranOrder === undefined)
    throw invalidHeader("the header has no shape or no order");
  const shape = (shapeText.match(/\d+/g) ?? []).map(Number);
  const rowsAndDim = toMatrix(shape);
  if (rowsAndDim === undefined) {
    const remedy = `np.save("${file}", vectors.reshape(N, DIM))`;
    throw invalidHeader(`the shape is (${shapeText})`, remedy);
  }
  const [rows, dim] = rowsAndDim;
  const expectedSize = start + rows * dim * type.width;
  if (size !== expectedSize)
    throw invalidHeader(`the file has ${size} bytes, its header specifies ${expectedSize}`);
  const isLittleEndian = order !== ">";
  return { type, isLittleEndian, isFortran: fortranOrder === "True", rows, dim, start };
}
