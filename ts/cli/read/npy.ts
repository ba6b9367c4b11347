/** Vectors from NumPy's .npy file, n x dim of float16, float32 or float64, with their ids in a file of their own. */
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";
import { readText } from "./stream.js";
import { readRows } from "./text-rows.js";

/** Bytes read at once. */
const PIECE = 1 << 22;

interface Header {
  width: 2 | 4 | 8;
  rows: number;
  dim: number;
  /** Where the numbers begin. */
  start: number;
}

/** The rows: id, vector, and what the file of ids says besides. */
export async function* readNpyRows(
  file: string,
  {
    id,
    vector,
    ids,
    onShare,
  }: { id: string; vector: string; ids: string | undefined; onShare: (share: number) => void },
): AsyncGenerator<Row> {
  if (ids === undefined)
    throw new InputError(
      `${file}: a .npy file has no ids: add --ids FILE, one id a line, or JSON lines or CSV with the field "${id}".`,
    );
  const handle = await open(file).catch((error: unknown) => {
    throw new InputError(`${file}: cannot be read: ${messageOf(error)}`);
  });
  try {
    const { size } = await handle.stat();
    const beginning = Buffer.alloc(Math.min(size, 1 << 16));
    await handle.read(beginning, 0, beginning.length, 0);
    const { width, rows, dim, start } = readHeader(file, beginning, size);
    const each = width * dim;
    const names = idRows(ids, id);
    const atOnce = Math.max(1, Math.floor(PIECE / each));
    for (let row = 0; row < rows; row += atOnce) {
      const here = Math.min(atOnce, rows - row);
      const bytes = Buffer.alloc(here * each);
      await handle.read(bytes, 0, bytes.length, start + row * each);
      for (let at = 0; at < here; at += 1) {
        const place = `${file}: row ${row + at}`;
        const { value: name, done } = await names.next();
        if (done)
          throw new InputError(
            `${ids}: there are ${row + at} ids, expected ${rows}, as many as ${file} has rows.`,
          );
        yield {
          place,
          fields: {
            ...name,
            [vector]: numbersIn(bytes.subarray(at * each, (at + 1) * each), width),
          },
        };
      }
      onShare((row + here) / rows);
    }
    if (!(await names.next()).done)
      throw new InputError(`${ids}: there are more ids than the ${rows} rows of ${file}.`);
  } finally {
    await handle.close();
  }
}

/** What the file says of itself: a magic, a version, and a Python dictionary as text. */
function readHeader(file: string, bytes: Buffer, size: number): Header {
  const refuse = (problem: string): InputError =>
    new InputError(
      `${file}: ${problem}. Expected a NumPy array of n x dim float16, float32 or float64: np.save("${file}", vectors.astype("float32")).`,
    );
  if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== "\x93NUMPY")
    throw refuse("this is no .npy file");
  const long = bytes[6]! >= 2;
  const start = (long ? 12 + bytes.readUInt32LE(8) : 10 + bytes.readUInt16LE(8)) || 0;
  const text = bytes.toString("latin1", long ? 12 : 10, start);
  const width = ({ "<f2": 2, "<f4": 4, "<f8": 8 } as const)[
    /'descr': *'([^']*)'/.exec(text)?.[1] ?? ""
  ];
  const [, rows, dim] = /'shape': *\((\d+), *(\d+),?\)/.exec(text) ?? [];
  if (width === undefined)
    throw refuse(`the numbers are ${/'descr': *([^,]*)/.exec(text)?.[1] ?? "of no known kind"}`);
  if (rows === undefined || dim === undefined)
    throw refuse(`the shape is ${/'shape': *(\([^)]*\))/.exec(text)?.[1] ?? "not told"}`);
  if (/'fortran_order': *True/.test(text)) throw refuse("the array is in Fortran's order");
  const expected = start + Number(rows) * Number(dim) * width;
  if (size !== expected) throw refuse(`the file has ${size} bytes, its header tells ${expected}`);
  return { width, rows: Number(rows), dim: Number(dim), start };
}

function numbersIn(bytes: Buffer, width: Header["width"]): number[] {
  const read = {
    2: (at: number) => half(bytes.readUInt16LE(at)),
    4: (at: number) => bytes.readFloatLE(at),
    8: (at: number) => bytes.readDoubleLE(at),
  }[width];
  return Array.from({ length: bytes.length / width }, (_, index) => read(index * width));
}

/** A float16 by its bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** One id a line, or rows with an id and what else there is. */
async function* idRows(
  file: string,
  id: string,
): AsyncGenerator<Readonly<Record<string, unknown>>> {
  if (![".txt", ".ids", ""].includes(extname(file).toLowerCase())) {
    for await (const { fields } of readRows(file)) yield fields;
    return;
  }
  let rest = "";
  for await (const piece of readText(file)) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield { [id]: line };
  }
  if (rest !== "") yield { [id]: rest };
}
