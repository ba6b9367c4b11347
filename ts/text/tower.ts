/**
 * The text tower: a table from features of a text to vectors, the section TEXT of a catalogue
 * (docs/format.md).
 *
 * Sums are of integers below 2^53, and the only operations after them are exactly rounded (+, x, /,
 * square root), so that a text has the same vector on every engine.
 */
import { SageError } from "../errors.js";
import { type Features, MAX_FEATURES, openFeatureReader } from "./features.js";

/** Version of the section. */
const VERSION = 1;
const HEADER_BYTES = 32;
const MAX_RANK = 256;
/** Maximum number of rows of the table. */
const MAX_ROWS = 2 ** 20;
/**
 * Largest factor of a row. With weights below 2^6, codes up to 2^3, 2^12 features and 2^8 axes of
 * 7 bits, every sum stays below 2^52.
 */
export const MAX_FACTOR = 65_535;
/** Codes of a row are from -MAX_CODE - 1 to MAX_CODE: 4 bits. */
export const MAX_CODE = 7;

/** A tower as it is stored. Row r of the table is factors[r] x codes[r * rank ..]. */
export interface Tower {
  readonly dim: number;
  readonly rank: number;
  /** Payload fields of the texts, the name of the item first. */
  readonly fields: readonly string[];
  /** Name of the vector space of the vectors; undefined for an unnamed one. */
  readonly space?: string | undefined;
  /** Hashes of the known features, ascending. */
  readonly hashes: Uint32Array;
  readonly factors: Uint16Array;
  /** Rows x rank, each of 4 bits. */
  readonly codes: Int8Array;
  /** rank x dim: the axes of the low-rank space. */
  readonly axes: Int8Array;
}

/** Computes the vectors of texts with one tower. */
export interface Encoder {
  readonly tower: Tower;
  /** The vector of the text, of unit length; undefined if the tower has none of its features. */
  embed(text: string): Float32Array | undefined;
}

/** Encodes a tower as the bytes of its section. */
export function encodeTower(tower: Tower): Uint8Array {
  const { dim, rank, fields, hashes, factors, codes, axes } = tower;
  const names = new TextEncoder().encode(JSON.stringify(fields));
  const space = new TextEncoder().encode(tower.space);
  const lengths = [hashes.length, names.length, space.length];
  const header = Uint32Array.of(VERSION, dim, rank, ...lengths, 0, 0);
  const parts = [header, hashes, factors, packCodes(codes), axes, names, space];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a section, for a catalogue whose vectors have `dim` components. The arrays are
 * copies. Throws code "version" for a newer section, "corrupt" for damaged bytes and for a tower of
 * another dimension.
 */
export function decodeTower(section: Uint8Array, dim: number): Tower {
  const bytes = section.slice();
  const check = (valid: boolean, seen: string): void => {
    if (!valid)
      throw new SageError(
        "corrupt",
        `The texts of the catalogue cannot be read: ${seen}. Build the file again with --text.`,
      );
  };
  check(bytes.length >= HEADER_BYTES, `${bytes.length} bytes`);
  const header = new Uint32Array(bytes.buffer, 0, 8);
  const [version, towerDim, rank, rows, nameBytes, spaceBytes, ...zeros] = header;
  if (version! > VERSION)
    throw new SageError(
      "version",
      `The texts have format ${version}, expected ${VERSION}: update the package pocketsage.`,
    );
  check(version === VERSION && zeros.every((word) => word === 0), "the header is not valid");
  check(towerDim === dim, `they have ${towerDim} dimensions, the vectors ${dim}`);
  check(rank! >= 1 && rank! <= MAX_RANK && rows! >= 1 && rows! <= MAX_ROWS, "the header is wrong");
  const names = nameBytes! + spaceBytes!;
  const length = HEADER_BYTES + rows! * 6 + packedLength(rows! * rank!) + rank! * dim + names;
  check(bytes.length === length, `${bytes.length} bytes, expected ${length}`);
  let offset = HEADER_BYTES;
  const skip = (size: number): number => {
    const start = offset;
    offset += size;
    return start;
  };
  const hashes = new Uint32Array(bytes.buffer, skip(rows! * 4), rows);
  const factors = new Uint16Array(bytes.buffer, skip(rows! * 2), rows);
  const packed = bytes.subarray(skip(packedLength(rows! * rank!)), offset);
  const codes = unpackCodes(packed, rows! * rank!);
  const axes = new Int8Array(bytes.buffer, skip(rank! * dim), rank! * dim);
  check(
    hashes.every((hash, row) => row === 0 || hash > hashes[row - 1]!),
    "hashes are not in ascending order",
  );
  const isPaddingZero = codes.length % 2 === 0 || packed.at(-1)! < 16;
  check(isPaddingZero, "the last codes are not valid");
  return {
    dim,
    rank: rank!,
    fields: decodeFields(bytes.subarray(offset, offset + nameBytes!), check),
    space: decodeSpace(bytes.subarray(offset + nameBytes!), check),
    hashes,
    factors,
    codes,
    axes,
  };
}

type Check = (valid: boolean, seen: string) => void;

function decodeFields(bytes: Uint8Array, check: Check): readonly string[] {
  let fields: unknown;
  try {
    fields = JSON.parse(decodeText(bytes));
  } catch {
    fields = undefined;
  }
  const isValid =
    Array.isArray(fields) && fields.length > 0 && fields.every((name) => typeof name === "string");
  check(isValid, "the names of the fields are not valid");
  return fields as string[];
}

function decodeSpace(bytes: Uint8Array, check: Check): string | undefined {
  try {
    return decodeText(bytes) || undefined;
  } catch {
    check(false, "the name of the vector space is not UTF-8");
  }
}

/** Throws a TypeError for bytes that are not UTF-8. */
function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function packedLength(codes: number): number {
  return Math.ceil(codes / 2);
}

/** Two codes a byte, the first one in the lower bits. */
function packCodes(codes: Int8Array): Uint8Array {
  return Uint8Array.from(
    { length: packedLength(codes.length) },
    (_, index) => (codes[2 * index]! & 15) | (((codes[2 * index + 1] ?? 0) & 15) << 4),
  );
}

function unpackCodes(packed: Uint8Array, length: number): Int8Array {
  const codes = new Int8Array(length);
  for (let index = 0; index < length; index += 1)
    codes[index] = (packed[index >> 1]! << (index % 2 === 0 ? 28 : 24)) >> 28;
  return codes;
}

/** Opens a tower: O(rows) for a hash table, and a copy of the axes as f64. */
export function openEncoder(tower: Tower): Encoder {
  const { dim, rank, factors, codes } = tower;
  const findRows = openRowFinder(tower.hashes);
  const rows = new Uint32Array(MAX_FEATURES);
  const starts = new Uint32Array(MAX_FEATURES);
  const scales = new Float64Array(MAX_FEATURES);
  const sums = new Float64Array(rank);
  const components = new Float64Array(dim);
  const axes = Float64Array.from(tower.axes);
  const readFeatures = openFeatureReader();

  /** sums = the sum of the rows of the features, each times its factor and weight. */
  const sumRows = ({ hashes, weights }: Features): void => {
    findRows(hashes, rows);
    let count = 0;
    for (let feature = 0; feature < hashes.length; feature += 1) {
      const row = rows[feature]!;
      if (row === NOT_FOUND) continue;
      starts[count] = row * rank;
      scales[count] = factors[row]! * weights[feature]!;
      count += 1;
    }
    sums.fill(0);
    addRows(codes, starts.subarray(0, count), scales, sums);
  };
  return {
    tower,
    embed(text) {
      sumRows(readFeatures(text));
      project(sums, axes, components);
      let square = 0;
      for (let k = 0; k < dim; k += 1) square += components[k]! * components[k]!;
      if (square === 0) return undefined;
      const norm = Math.sqrt(square);
      const vector = new Float32Array(dim);
      for (let k = 0; k < dim; k += 1) vector[k] = components[k]! / norm;
      return vector;
    },
  };
}

const NOT_FOUND = 0xffffffff;

/** Opens a search for the rows of hashes; a hash without a row has NOT_FOUND. */
function openRowFinder(rowHashes: Uint32Array): (hashes: Uint32Array, rows: Uint32Array) => void {
  const slots = 2 ** Math.ceil(Math.log2(rowHashes.length * 2));
  // Open addressing by the low bits of the hash. Slot s is table[2 s], 0 if empty and else 1 + row,
  // and table[2 s + 1], the hash: in one cache line.
  const table = new Uint32Array(2 * slots);
  for (let row = 0; row < rowHashes.length; row += 1) {
    let slot = rowHashes[row]! & (slots - 1);
    while (table[2 * slot] !== 0) slot = (slot + 1) & (slots - 1);
    table[2 * slot] = row + 1;
    table[2 * slot + 1] = rowHashes[row]!;
  }
  return (hashes, rows) => {
    for (let index = 0; index < hashes.length; index += 1) {
      const hash = hashes[index]!;
      let slot = hash & (slots - 1);
      while (table[2 * slot] !== 0 && table[2 * slot + 1] !== hash) slot = (slot + 1) & (slots - 1);
      rows[index] = table[2 * slot]! - 1; // 0 - 1 is NOT_FOUND as u32
    }
  };
}

/**
 * sums += scales x the rows of codes that begin at `starts`, four rows at a time: fewer loads and
 * stores per product, as measured.
 */
function addRows(
  codes: Int8Array,
  starts: Uint32Array,
  scales: Float64Array,
  sums: Float64Array,
): void {
  const rank = sums.length;
  let index = 0;
  for (; index + 4 <= starts.length; index += 4) {
    const row0 = starts[index]!;
    const row1 = starts[index + 1]!;
    const row2 = starts[index + 2]!;
    const row3 = starts[index + 3]!;
    const a = scales[index]!;
    const b = scales[index + 1]!;
    const c = scales[index + 2]!;
    const d = scales[index + 3]!;
    for (let k = 0; k < rank; k += 1)
      sums[k]! +=
        a * codes[row0 + k]! + b * codes[row1 + k]! + c * codes[row2 + k]! + d * codes[row3 + k]!;
  }
  for (; index < starts.length; index += 1) {
    const row = starts[index]!;
    const scale = scales[index]!;
    for (let k = 0; k < rank; k += 1) sums[k]! += scale * codes[row + k]!;
  }
}

/**
 * components = axes^T sums, eight axes at a time: fewer loads and stores per product, as measured.
 */
function project(sums: Float64Array, axes: Float64Array, components: Float64Array): void {
  const dim = components.length;
  components.fill(0);
  let axis = 0;
  for (; axis + 8 <= sums.length; axis += 8) {
    const a = sums[axis]!;
    const b = sums[axis + 1]!;
    const c = sums[axis + 2]!;
    const d = sums[axis + 3]!;
    const e = sums[axis + 4]!;
    const f = sums[axis + 5]!;
    const g = sums[axis + 6]!;
    const h = sums[axis + 7]!;
    const row0 = axis * dim;
    const row1 = row0 + dim;
    const row2 = row0 + 2 * dim;
    const row3 = row0 + 3 * dim;
    const row4 = row0 + 4 * dim;
    const row5 = row4 + dim;
    const row6 = row4 + 2 * dim;
    const row7 = row4 + 3 * dim;
    for (let k = 0; k < dim; k += 1)
      components[k]! +=
        a * axes[row0 + k]! +
        b * axes[row1 + k]! +
        c * axes[row2 + k]! +
        d * axes[row3 + k]! +
        e * axes[row4 + k]! +
        f * axes[row5 + k]! +
        g * axes[row6 + k]! +
        h * axes[row7 + k]!;
  }
  for (; axis < sums.length; axis += 1)
    for (let k = 0; k < dim; k += 1) components[k]! += sums[axis]! * axes[axis * dim + k]!;
}
