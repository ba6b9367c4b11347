/**
 * Two-server retrieval by XOR (Chor, Goldreich, Kushilevitz and Sudan 1995). Each server receives
 * one bit vector per requested cell and returns the XOR of the cells whose bit is set. Each vector
 * by itself is uniformly random; the two differ in the bit of the requested cell.
 */
import { SageError } from "../../errors.js";
import { fromHex, toHex } from "../../values/bytes.js";
import { type CellManifest, MAX_CELLS } from "./format.js";

/** "PSX1" as a little-endian u32. */
const REQUEST_MAGIC = 0x3158_5350;
const HASH_BYTES = 32;
const HEADER_BYTES = 4 + HASH_BYTES + 8;
/** Maximum number of bit vectors in a request. */
export const MAX_VECTORS = 64;

/** Largest body of a request for any number of cells, in bytes. */
export const MAX_REQUEST_BYTES = HEADER_BYTES + MAX_VECTORS * (MAX_CELLS / 8);

/** Bytes of a bit vector for `cells` cells. */
export function vectorBytes(cells: number): number {
  return Math.ceil(cells / 8);
}

/**
 * The two bit vectors for one cell. `random` holds uniform bytes and becomes the first one. The
 * bits after the last cell are zero in both. A vector must not be used twice: two vectors for the
 * other server with the same random part disclose both cells.
 */
export function splitCell(
  cell: number,
  cells: number,
  random: Uint8Array<ArrayBuffer>,
): [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
  const first = random.slice(0, vectorBytes(cells));
  if (cells % 8 !== 0) first[first.length - 1]! &= (1 << (cells % 8)) - 1;
  const second = first.slice();
  second[cell >> 3]! ^= 1 << (cell & 7);
  return [first, second];
}

/** The body of `POST /v1/cells/xor` for bit vectors of `vectorBytes(cells)` bytes each. */
export function encodeXorRequest(
  { codebook, cells }: Pick<CellManifest, "codebook" | "cells">,
  vectors: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const length = vectorBytes(cells);
  const bytes = new Uint8Array(HEADER_BYTES + vectors.length * length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_MAGIC, true);
  bytes.set(fromHex(codebook), 4);
  view.setUint32(4 + HASH_BYTES, cells, true);
  view.setUint32(8 + HASH_BYTES, vectors.length, true);
  vectors.forEach((vector, index) => bytes.set(vector, HEADER_BYTES + index * length));
  return bytes;
}

/** Largest body of a request for a manifest, in bytes. */
export function maxXorRequestBytes(cells: number): number {
  return HEADER_BYTES + MAX_VECTORS * vectorBytes(cells);
}

/**
 * The bit vectors of a request. Throws code "option" for a malformed body, and "version" for one
 * that belongs to another codebook.
 */
export function decodeXorRequest(
  bytes: Uint8Array,
  { codebook, cells }: Pick<CellManifest, "codebook" | "cells">,
): Uint8Array[] {
  const malformed = (problem: string): SageError =>
    new SageError("option", `The body is no request for cells: ${problem}. See docs/cells.md.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== REQUEST_MAGIC)
    throw malformed("it does not begin with PSX1 and a header");
  const requestCodebook = toHex(bytes.subarray(4, 4 + HASH_BYTES));
  if (requestCodebook !== codebook)
    throw new SageError(
      "version",
      `This server has the codebook ${codebook.slice(0, 16)}, the request ` +
        `${requestCodebook.slice(0, 16)}: open the cells again, and update the servers together.`,
    );
  const count = view.getUint32(8 + HASH_BYTES, true);
  const length = vectorBytes(cells);
  if (view.getUint32(4 + HASH_BYTES, true) !== cells) throw malformed("another number of cells");
  if (count < 1 || count > MAX_VECTORS) throw malformed(`${count} bit vectors`);
  if (bytes.length !== HEADER_BYTES + count * length)
    throw malformed(`${bytes.length} bytes for ${count} vectors of ${length}`);
  const vectors = Array.from({ length: count }, (_, index) =>
    bytes.subarray(HEADER_BYTES + index * length, HEADER_BYTES + (index + 1) * length),
  );
  const lastBits = cells % 8 === 0 ? 0 : 0xff << (cells % 8);
  if (vectors.some((vector) => (vector[length - 1]! & lastBits & 0xff) !== 0))
    throw malformed("a bit after the last cell is set");
  return vectors;
}

/** The XOR of two byte arrays of equal length. */
export function xorBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ b[index]!);
}
