/**
 * Vectors from a safetensors file: an 8-byte length, a JSON header with the type, the shape and
 * the place of each tensor, and the tensors, little-endian and in C order.
 */
import type { FileHandle } from "node:fs/promises";
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";
import { ELEMENT_TYPES, type NumberArray, openArrayRows, toMatrix } from "./number-array.js";
import { listNames, type Row } from "./row.js";

/** Maximum length of the header in bytes; the format allows 100 MB, for thousands of tensors. */
const MAX_HEADER_BYTES = 1 << 24;

/** Component types by the names of safetensors. */
const CODE_OF_TYPE: Readonly<Record<string, string>> = {
  F64: "f8",
  F32: "f4",
  F16: "f2",
  BF16: "bf16",
  I64: "i8",
  I32: "i4",
  I16: "i2",
  I8: "i1",
  U64: "u8",
  U32: "u4",
  U16: "u2",
  U8: "u1",
  BOOL: "b1",
};

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Begin and end of its bytes after the header. */
  readonly data_offsets: readonly [begin: number, end: number];
}

/**
 * The rows of one tensor: the one named `vector`, else the only one with two axes. Each has the
 * field `vector`. `onProgress` receives the share read, from 0 to 1.
 */
export async function* readSafetensorsRows(
  file: string,
  options: { vector: string; onProgress: (share: number) => void },
): AsyncGenerator<Row> {
  yield* openArrayRows(file, (handle) => findArray(file, handle, options.vector), options);
}

async function findArray(file: string, handle: FileHandle, vector: string): Promise<NumberArray> {
  const { size } = await handle.stat();
  const { tensors, start } = await readHeader(file, handle, size);
  const name = chooseTensor(file, tensors, vector);
  const { dtype, shape, data_offsets: offsets } = tensors.get(name)!;
  const invalidTensor = (seen: string, expected: string): InputError =>
    new InputError(`${file}: the tensor ${inspect(name)} ${seen}. Expected ${expected}.`);
  const type = ELEMENT_TYPES.get(CODE_OF_TYPE[dtype] ?? "");
  if (!type)
    throw invalidTensor(
      `has components of the type ${inspect(dtype)}`,
      "F16, BF16, F32, F64, or integers: convert it, as with tensor.float()",
    );
  const rowsAndDim = toMatrix(shape);
  if (!rowsAndDim)
    throw invalidTensor(
      `has the shape (${shape.slice(0, 8).join(", ")})`,
      "(n, dim): convert it, as with tensor.reshape(n, dim)",
    );
  const [rows, dim] = rowsAndDim;
  const length = rows * dim * type.width;
  const [begin, end] = offsets;
  if (end - begin !== length || start + end > size)
    throw invalidTensor(
      `has bytes ${begin} to ${end} of ${size - start}`,
      `${length} bytes for its shape. Write the file again`,
    );
  return { type, isLittleEndian: true, isFortran: false, rows, dim, start: start + begin };
}

function chooseTensor(file: string, tensors: ReadonlyMap<string, Tensor>, vector: string): string {
  if (tensors.has(vector)) return vector;
  const matrices = [...tensors].filter(([, { shape }]) => shape.length === 2);
  if (matrices.length === 1) return matrices[0]![0];
  throw new InputError(
    `${file}: no tensor "${vector}", and ${matrices.length} tensors with two axes. ` +
      `--vector NAME chooses one. Tensors: ${listNames([...tensors.keys()])}.`,
  );
}

/** The tensors by name, and the offset of the first byte after the header. */
async function readHeader(
  file: string,
  handle: FileHandle,
  size: number,
): Promise<{ tensors: ReadonlyMap<string, Tensor>; start: number }> {
  const invalidHeader = (seen: string): InputError =>
    new InputError(
      `${file}: ${seen}. Expected a safetensors file, as this writes it: ` +
        `safetensors.numpy.save_file({"vector": vectors}, "${file}").`,
    );
  const prefix = Buffer.alloc(8);
  const { bytesRead } = await handle.read(prefix, 0, 8, 0);
  const length = bytesRead === 8 ? Number(prefix.readBigUInt64LE()) : 0;
  if (!(length >= 2 && length <= MAX_HEADER_BYTES && 8 + length <= size))
    throw invalidHeader(`the file of ${size} bytes has no header`);
  const text = Buffer.alloc(length);
  await handle.read(text, 0, length, 8);
  let header: unknown;
  try {
    header = JSON.parse(text.toString("utf8"));
  } catch {
    throw invalidHeader("the header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw invalidHeader("the header is not an object");
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (!isTensor(value)) throw invalidHeader(`the entry ${inspect(name)} describes no tensor`);
    tensors.set(name, value);
  }
  return { tensors, start: 8 + length };
}

function isTensor(value: unknown): value is Tensor {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Tensor>;
  return (
    typeof dtype === "string" &&
    isListOfSizes(shape) &&
    isListOfSizes(offsets) &&
    offsets.length === 2 &&
    offsets[0]! <= offsets[1]!
  );
}

function isListOfSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
