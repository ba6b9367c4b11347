/**
 * The files of a catalogue in cells, as docs/cells.md describes them: a codebook of K centres and K
 * hashes, K cells of equal size, and a manifest that names the codebook by its hash.
 *
 * Decoders accept exactly the bytes that the encoders write: every item of information has one
 * encoding, and reserved bytes and padding are zero.
 */
import { SageError } from "../../errors.js";
import type { ItemId } from "../../item.js";
import { toHex, utf8Length } from "../../values/bytes.js";
import { inspect, isItemId } from "../../values/check.js";
import { LIMITS } from "../../values/limits.js";
import { sha256 } from "./digest.js";

export const MIN_CELLS = 2;
export const MAX_CELLS = 65_536;
/** Bytes of one cell: a multiple of 16, the width of a SIMD register. */
export const CELL_ALIGNMENT = 16;
export const MAX_CELL_BYTES = 2 << 20;
export const CODEBOOK_HEADER_BYTES = 32;
const CELL_HEADER_BYTES = 8;
/** Bytes of the SHA-256 hash of a cell that the codebook holds. */
export const CELL_HASH_BYTES = 16;
/** "PSCB" as a little-endian u32. */
const CODEBOOK_MAGIC = 0x4243_5350;
const VERSION = 1;
const MAX_CODE = 127;
const FORMAT = "pocketsage-cells";
/** Digits of the codebook's hash that name the folder of its files. */
const FOLDER_DIGITS = 16;

/** The small JSON file that a client reads first. */
export interface CellManifest {
  /** SHA-256 of the codebook, 64 hexadecimal digits. It pins the codebook and, by it, all cells. */
  readonly codebook: string;
  readonly items: number;
  readonly dim: number;
  /** Number of cells, K. */
  readonly cells: number;
  /** Size of every cell in bytes. */
  readonly cellBytes: number;
  /** Cells of one shard file, from which a server of `POST /v1/cells/xor` reads. */
  readonly shardCells: number;
  /** Name of the vector space; undefined for an unnamed one. */
  readonly space?: string | undefined;
}

/** A decoded codebook. */
export interface Codebook extends Omit<CellManifest, "codebook" | "shardCells" | "space"> {
  /** Maximum number of items in a cell. */
  readonly slots: number;
  /** K rows of `dim` codes; the direction of a row is that of the centre. */
  readonly centres: Int8Array;
  /** K rows of `CELL_HASH_BYTES` bytes. */
  readonly hashes: Uint8Array;
}

/** An item of a cell. `codes` are `dim` values; the vector's direction is that of the codes. */
export interface CellItem {
  readonly item: ItemId;
  readonly codes: Int8Array;
  /** JSON; undefined for an item without a payload. */
  readonly payload: string | undefined;
}

/** The codes of a vector: its largest component in absolute value becomes 127. Zero stays zero. */
export function quantize(vector: ArrayLike<number>): Int8Array {
  let maxMagnitude = 0;
  for (let axis = 0; axis < vector.length; axis += 1)
    maxMagnitude = Math.max(maxMagnitude, Math.abs(vector[axis]!));
  const factor = maxMagnitude > 0 ? MAX_CODE / maxMagnitude : 0;
  return Int8Array.from(vector, (component) => Math.round(component * factor));
}

/** Bytes of a cell before padding. */
export function cellLength(dim: number, items: readonly CellItem[]): number {
  return items.reduce((sum, item) => sum + dim + textLength(item), CELL_HEADER_BYTES);
}

/** Bytes of id and payload with their two lengths. */
function textLength({ item, payload }: CellItem): number {
  return 6 + utf8Length(item) + utf8Length(payload ?? "");
}

/** The bytes of a cell, padded with zeros to `cellBytes`, which is at least `cellLength`. */
export function encodeCell(
  dim: number,
  items: readonly CellItem[],
  cellBytes: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(cellBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, items.length, true);
  let offset = CELL_HEADER_BYTES;
  for (const { codes } of items) {
    bytes.set(new Uint8Array(codes.buffer, codes.byteOffset, dim), offset);
    offset += dim;
  }
  const textStart = offset;
  const encoder = new TextEncoder();
  for (const { item, payload } of items) {
    const id = encoder.encode(item);
    const json = encoder.encode(payload ?? "");
    view.setUint16(offset, id.length, true);
    view.setUint32(offset + 2, json.length, true);
    bytes.set(id, offset + 6);
    bytes.set(json, offset + 6 + id.length);
    offset += 6 + id.length + json.length;
  }
  view.setUint32(4, offset - textStart, true);
  return bytes;
}

/** The items of a cell. Throws code "corrupt" for bytes that `encodeCell` does not write. */
export function decodeCell(bytes: Uint8Array, dim: number): CellItem[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < CELL_HEADER_BYTES) throw corruptCell("shorter than its header");
  const count = view.getUint32(0, true);
  const textBytes = view.getUint32(4, true);
  const textStart = CELL_HEADER_BYTES + count * dim;
  const end = textStart + textBytes;
  if (end > bytes.length) throw corruptCell("shorter than its header states");
  if (bytes.subarray(end).some((byte) => byte !== 0)) throw corruptCell("its padding is not zero");
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const items: CellItem[] = [];
  let offset = textStart;
  for (let row = 0; row < count; row += 1) {
    if (end - offset < 6) throw corruptCell(`item ${row} has no lengths`);
    const idBytes = view.getUint16(offset, true);
    const payloadBytes = view.getUint32(offset + 2, true);
    const idStart = offset + 6;
    const payloadStart = offset + 6 + idBytes;
    offset = payloadStart + payloadBytes;
    if (offset > end) throw corruptCell(`item ${row} is longer than the cell`);
    let item: string;
    let payload: string | undefined;
    try {
      item = decoder.decode(bytes.subarray(idStart, payloadStart));
      payload = payloadBytes > 0 ? decoder.decode(bytes.subarray(payloadStart, offset)) : undefined;
      if (payload !== undefined) JSON.parse(payload);
    } catch (cause) {
      throw corruptCell(`item ${row} is no UTF-8, or its payload no JSON`, cause);
    }
    if (!isItemId(item)) throw corruptCell(`item ${row} has no id`);
    const start = CELL_HEADER_BYTES + row * dim;
    const codes = new Int8Array(bytes.slice(start, start + dim).buffer);
    if (codes.includes(-128)) throw corruptCell(`item ${row} has the code -128`);
    items.push({ item, codes, payload });
  }
  if (offset !== end) throw corruptCell("it has bytes after its last item");
  return items;
}

function corruptCell(problem: string, cause?: unknown): SageError {
  const message = `The cell is damaged: ${problem}. Fetch it again, or build the cells again.`;
  return new SageError("corrupt", message, { cause });
}

/** The bytes of a codebook. */
export function encodeCodebook(codebook: Codebook): Uint8Array<ArrayBuffer> {
  const { cells, dim, items, cellBytes, slots, centres, hashes } = codebook;
  const bytes = new Uint8Array(codebookLength(cells, dim));
  const view = new DataView(bytes.buffer);
  [CODEBOOK_MAGIC, VERSION, cells, dim, items, cellBytes, slots].forEach((value, index) =>
    view.setUint32(4 * index, value, true),
  );
  bytes.set(hashes, CODEBOOK_HEADER_BYTES);
  bytes.set(new Uint8Array(centres.buffer, centres.byteOffset, centres.length), hashesEnd(cells));
  return bytes;
}

function hashesEnd(cells: number): number {
  return CODEBOOK_HEADER_BYTES + cells * CELL_HASH_BYTES;
}

function codebookLength(cells: number, dim: number): number {
  return hashesEnd(cells) + cells * dim;
}

/** Reads a codebook. Throws code "corrupt", or "version" for a newer format. */
export function decodeCodebook(bytes: Uint8Array): Codebook {
  if (bytes.length < CODEBOOK_HEADER_BYTES) throw corruptCodebook("shorter than its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = Array.from({ length: 8 }, (_, index) => view.getUint32(4 * index, true));
  const [magic, version, cells, dim, items, cellBytes, slots, reserved] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (magic !== CODEBOOK_MAGIC) throw corruptCodebook("it does not begin with PSCB");
  if (version > VERSION)
    throw new SageError(
      "version",
      `The codebook has version ${version}; this package reads ${VERSION}: update the package.`,
    );
  const problem = headerProblem({ cells, dim, items, cellBytes });
  if (version !== VERSION || reserved !== 0 || problem)
    throw corruptCodebook(problem ?? "its header has unknown fields");
  if (slots < Math.ceil(items / cells) || slots > items)
    throw corruptCodebook(`${items} items in ${cells} cells of at most ${slots}`);
  if (bytes.length !== codebookLength(cells, dim))
    throw corruptCodebook(`${bytes.length} bytes, expected ${codebookLength(cells, dim)}`);
  const copy = bytes.slice();
  const centres = new Int8Array(copy.buffer, hashesEnd(cells));
  if (centres.includes(-128)) throw corruptCodebook("a centre has the code -128");
  const hashes = copy.subarray(CODEBOOK_HEADER_BYTES, hashesEnd(cells));
  return { cells, dim, items, cellBytes, slots, centres, hashes };
}

function headerProblem(header: Pick<Codebook, "cells" | "dim" | "items" | "cellBytes">) {
  const { cells, dim, items, cellBytes } = header;
  const isWholeNumber = (value: number, min: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= min && value <= max;
  if (!isWholeNumber(cells, MIN_CELLS, MAX_CELLS)) return `${inspect(cells)} cells`;
  if (!isWholeNumber(dim, 1, LIMITS.maxDim)) return `${inspect(dim)} dimensions`;
  if (!isWholeNumber(items, cells, LIMITS.maxCount)) return `${inspect(items)} items`;
  if (!isWholeNumber(cellBytes, CELL_ALIGNMENT, MAX_CELL_BYTES) || cellBytes % CELL_ALIGNMENT !== 0)
    return `cells of ${inspect(cellBytes)} bytes`;
  return undefined;
}

function corruptCodebook(problem: string): SageError {
  const remedy = "Fetch it again, or build the cells again.";
  return new SageError("corrupt", `The codebook is damaged: ${problem}. ${remedy}`);
}

/** The text of a manifest. */
export function encodeManifest(manifest: CellManifest): string {
  const { codebook, items, dim, cells, cellBytes, shardCells, space } = manifest;
  const fields = { format: FORMAT, version: VERSION, codebook, items, dim, cells, cellBytes };
  return `${JSON.stringify({ ...fields, shardCells, space }, undefined, 2)}\n`;
}

/** Reads a manifest. Throws code "corrupt", or "version" for a newer format. */
export function decodeManifest(text: string): CellManifest {
  const corrupt = (problem: string): SageError =>
    new SageError("corrupt", `The manifest of the cells is invalid: ${problem}. Build them again.`);
  let value: Partial<Record<string, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw corrupt("no JSON");
  }
  if (typeof value !== "object" || value === null || value.format !== FORMAT)
    throw corrupt(`expected the format ${FORMAT}`);
  if (typeof value.version === "number" && value.version > VERSION)
    throw new SageError(
      "version",
      `The cells have version ${value.version}; this package reads ${VERSION}: update the package.`,
    );
  const { version, codebook, items, dim, cells, cellBytes, shardCells, space } = value;
  const sizes = { cells, dim, items, cellBytes } as Codebook;
  const problem = headerProblem(sizes);
  if (version !== VERSION || problem) throw corrupt(problem ?? `version ${inspect(version)}`);
  if (typeof codebook !== "string" || !/^[0-9a-f]{64}$/.test(codebook))
    throw corrupt(`codebook: expected 64 hexadecimal digits, saw ${inspect(codebook)}`);
  // A shard begins with a whole byte of a bit vector.
  const shard = Number(shardCells);
  if (!Number.isSafeInteger(shardCells) || shard < 1 || shard > sizes.cells)
    throw corrupt(`shardCells: ${inspect(shardCells)}`);
  if (shard < sizes.cells && shard % 8 !== 0)
    throw corrupt(`shardCells: ${shard} is no multiple of 8`);
  if (space === undefined) return { codebook, ...sizes, shardCells: shard };
  if (!isItemId(space) || space.length > LIMITS.maxSpaceCharacters)
    throw corrupt(`space: ${inspect(space)}`);
  return { codebook, ...sizes, shardCells: shard, space };
}

/** The names of the files below the manifest's folder. */
export const fileNames = {
  manifest: "manifest.json",
  codebook: ({ codebook }: CellManifest): string => `${folderOf(codebook)}/codebook.bin`,
  cell: ({ codebook }: CellManifest, cell: number): string => `${folderOf(codebook)}/${cell}.cell`,
  shard: ({ codebook }: CellManifest, shard: number): string =>
    `${folderOf(codebook)}/shard-${shard}.bin`,
};

/** The folder of the files of a codebook: an old folder stays valid for clients that opened it. */
function folderOf(codebook: string): string {
  return codebook.slice(0, FOLDER_DIGITS);
}

/**
 * Reads the codebook of a manifest. Rejects with code "corrupt" if its hash or sizes are not those
 * of the manifest.
 */
export async function openCodebook(bytes: Uint8Array, manifest: CellManifest): Promise<Codebook> {
  if (toHex(await sha256(bytes)) !== manifest.codebook)
    throw corruptCodebook("its SHA-256 hash is not that of the manifest");
  const codebook = decodeCodebook(bytes);
  for (const key of ["cells", "dim", "items", "cellBytes"] as const)
    if (codebook[key] !== manifest[key])
      throw corruptCodebook(`${key} is ${codebook[key]}, in the manifest ${manifest[key]}`);
  return codebook;
}

/** The hash of a cell as the codebook holds it. */
export async function hashCell(bytes: Uint8Array): Promise<Uint8Array> {
  return (await sha256(bytes)).subarray(0, CELL_HASH_BYTES);
}

/**
 * The items of a cell after a check of its size and hash. Rejects with code "corrupt" for a cell
 * that is short, altered or of another codebook.
 */
export async function openCell(
  bytes: Uint8Array,
  cell: number,
  codebook: Codebook,
): Promise<CellItem[]> {
  const expectedHash = codebook.hashes.subarray(
    cell * CELL_HASH_BYTES,
    (cell + 1) * CELL_HASH_BYTES,
  );
  if (bytes.length !== codebook.cellBytes)
    throw corruptCell(`${bytes.length} bytes, expected ${codebook.cellBytes}`);
  if (toHex(await hashCell(bytes)) !== toHex(expectedHash))
    throw corruptCell("its SHA-256 hash is not that of the codebook, so a server altered it");
  return decodeCell(bytes, codebook.dim);
}

/** The cells whose centres have the largest cosines to the vector, best first, then by number. */
export function nearestCells(codebook: Codebook, vector: ArrayLike<number>, count: number) {
  const { cells, dim, centres } = codebook;
  const scores = Array.from({ length: cells }, (_, cell) => {
    let product = 0;
    let squares = 0;
    for (let axis = 0; axis < dim; axis += 1) {
      const code = centres[cell * dim + axis]!;
      product += code * vector[axis]!;
      squares += code * code;
    }
    return squares > 0 ? product / Math.sqrt(squares) : -Infinity;
  });
  return Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, count);
}
