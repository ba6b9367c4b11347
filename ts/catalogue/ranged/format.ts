/**
 * The header and the section table of a `.sage` file, and its section of blocks (docs/format.md),
 * which has the sketches of all rows and the hashes of the parts that searches read later.
 */
import { SageError } from "../../errors.js";
import { hash64 } from "./hash.js";

/** Section with the blocks. The Rust core does not read it: readers skip unknown kinds. */
export const BLOCKS = 21;

/** Bytes that hold the header and the longest section table. */
export const HEAD_BYTES = 64 + 64 * 24;
/** Length of the header of a file. */
const HEADER_BYTES = 64;
/** Bytes of an entry of the section table. */
const ENTRY_BYTES = 24;
const MAX_SECTIONS = 64;
const MAX_DIM = 32768;
/** Version of the section of blocks. */
const BLOCKS_VERSION = 1;
/** Number of section hashes, indexed by section kind; slot 0 is that of header and table. */
const HASH_SLOTS = 32;
/** Bytes of the fixed part of the section of blocks. */
const BLOCKS_HEAD_BYTES = 32 + HASH_SLOTS * 8;
/** Bit of the flags: the scales of the rows follow from their codes. */
const SCALES_FOLLOW = 1;

/** A range of bytes of the file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** The header of a `.sage` file, and its sections by kind. */
export interface FileHead {
  /** Number of rows. */
  readonly rows: number;
  readonly dim: number;
  /** 0 cosine, 1 inner product, 2 L2. */
  readonly metric: number;
  readonly spread: number;
  /** Bytes of the file. */
  readonly length: number;
  /** XXH64 of the file, which the header states: 16 hexadecimal digits. */
  readonly hash: string;
  readonly sections: ReadonlyMap<number, ByteRange>;
  /** XXH64 of header and table from byte 16 on. */
  readonly headHash: string;
}

/** Throws code "corrupt" with what is wrong. */
export function corrupt(name: string, problem: string): SageError {
  return new SageError(
    "corrupt",
    `${name}: ${problem}. Fetch the file again, or build it again: ` +
      "`pocketsage build --ranges`.",
  );
}

/** Reads header and section table from the first bytes of the file `name`. */
export function readFileHead(bytes: Uint8Array, name: string): FileHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || hexAt(view, 0) !== "5441432d45474153")
    throw corrupt(name, "expected a .sage file, which begins with SAGE-CAT");
  const version = view.getUint32(16, true);
  if (version > 1)
    throw new SageError(
      "version",
      `${name} has version ${version} of the format, expected 1: update the package.`,
    );
  const [rows, dim, metric] = [20, 24, 28].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  const count = view.getUint32(48, true);
  const tableEnd = HEADER_BYTES + count * ENTRY_BYTES;
  const spread = view.getFloat64(32, true);
  const length = uint64At(view, 40);
  const isHeader = dim >= 1 && dim <= MAX_DIM && metric <= 2 && spread >= 0 && spread < Infinity;
  if (!isHeader || count > MAX_SECTIONS || tableEnd > Math.min(bytes.length, length))
    throw corrupt(name, "the header has impossible values");
  const sections = new Map<number, ByteRange>();
  let previousEnd = tableEnd;
  for (let at = HEADER_BYTES; at < tableEnd; at += ENTRY_BYTES) {
    const range = { offset: uint64At(view, at + 8), length: uint64At(view, at + 16) };
    const kind = view.getUint32(at, true);
    if (range.offset < previousEnd || range.offset + range.length > length || sections.has(kind))
      throw corrupt(name, `section ${kind} lies at ${range.offset}, ${range.length} bytes long`);
    previousEnd = range.offset + range.length;
    sections.set(kind, range);
  }
  return {
    rows,
    dim,
    metric,
    spread,
    length,
    sections,
    hash: hexAt(view, 8),
    headHash: hash64(bytes.subarray(16, tableEnd)),
  };
}

/** The section of blocks, as views of its bytes. B blocks, n rows, d dimensions. */
export interface BlockTable {
  /** Number of blocks. */
  readonly count: number;
  /** The row after the last one of each block. */
  readonly ends: Uint32Array;
  /** The centre of block b is `centreScales[b] * (centres[b * dim + k] - 64)`. */
  readonly centreScales: Float32Array;
  readonly centres: Uint8Array;
  /** The factor of row r of block b is `factorScales[b] * factors[r]`. */
  readonly factorScales: Float32Array;
  readonly factors: Uint8Array;
  /** Signs of the residuals of the rows, bit k % 8 of byte k / 8: 1 for a positive component k. */
  readonly sketches: Uint8Array;
  /** Bytes of a sketch. */
  readonly sketchBytes: number;
  readonly scalesFollow: boolean;
  /** XXH64 of the codes and residuals of a block. */
  vectorHash(block: number): string;
  /** XXH64 of the payloads of a block and their offsets. */
  payloadHash(block: number): string;
  /** XXH64 of a section that is read as a whole; of header and table for 0. */
  sectionHash(kind: number): string;
}

/** The parts of the section of blocks after its fixed part, each at a multiple of 8 bytes. */
function partsOf(rows: number, dim: number, count: number) {
  const sketchBytes = Math.ceil(dim / 8);
  const lengths = [count * 4, count * 4, count * 4, count * 8, count * 8, count * dim, rows];
  let end = BLOCKS_HEAD_BYTES;
  const offsets = lengths.map((length) => {
    const offset = end;
    end = Math.ceil((end + length) / 8) * 8;
    return offset;
  });
  return { offsets, sketchBytes, sketchOffset: end, length: end + rows * sketchBytes };
}

/** Reads the section of blocks. `bytes` begin at a multiple of 4 bytes of their buffer. */
export function readBlocks(
  bytes: Uint8Array,
  { rows, dim, headHash }: FileHead,
  name: string,
): BlockTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < BLOCKS_HEAD_BYTES) throw corrupt(name, "the section of blocks is too short");
  if (hexAt(view, 0) !== hash64(bytes.subarray(8)))
    throw corrupt(name, "the section of blocks does not match its hash");
  const [version, count, sketchBytes, flags] = [8, 12, 16, 20].map((at) =>
    view.getUint32(at, true),
  ) as [number, number, number, number];
  if (version !== BLOCKS_VERSION)
    throw new SageError(
      "version",
      `${name} has version ${version} of the section of blocks, expected ${BLOCKS_VERSION}: ` +
        "update the package.",
    );
  const parts = partsOf(rows, dim, count);
  if (sketchBytes !== parts.sketchBytes || bytes.length !== parts.length || count > rows)
    throw corrupt(name, "the section of blocks has impossible values");
  const at = (part: number, length: number): [ArrayBufferLike, number, number] => [
    bytes.buffer,
    bytes.byteOffset + parts.offsets[part]!,
    length,
  ];
  const table: BlockTable = {
    count,
    sketchBytes,
    scalesFollow: (flags & SCALES_FOLLOW) !== 0,
    ends: new Uint32Array(...at(0, count)),
    centreScales: new Float32Array(...at(1, count)),
    factorScales: new Float32Array(...at(2, count)),
    vectorHash: (block) => hexAt(view, parts.offsets[3]! + block * 8),
    payloadHash: (block) => hexAt(view, parts.offsets[4]! + block * 8),
    sectionHash: (kind) => hexAt(view, 32 + kind * 8),
    centres: new Uint8Array(...at(5, count * dim)),
    factors: new Uint8Array(...at(6, rows)),
    sketches: bytes.subarray(parts.sketchOffset),
  };
  let previousEnd = 0;
  for (const end of table.ends) {
    if (end <= previousEnd) throw corrupt(name, "the blocks do not ascend");
    previousEnd = end;
  }
  const areFinite = (scales: Float32Array) => scales.every((scale) => scale >= 0 && scale < 1e38);
  if (previousEnd !== rows || !areFinite(table.centreScales) || !areFinite(table.factorScales))
    throw corrupt(name, "the blocks do not cover the rows");
  if (table.sectionHash(0) !== headHash)
    throw corrupt(name, "the header does not match its hash in the section of blocks");
  return table;
}

/** The content of a new section of blocks; what follows from it is computed. */
export type NewBlocks = Pick<
  BlockTable,
  "ends" | "centreScales" | "centres" | "factorScales" | "factors" | "sketches" | "scalesFollow"
>;

/**
 * The bytes of a `.sage` file with this section of blocks at its end, instead of an older one.
 * `file` is a valid file without bytes after its last section. O(bytes).
 */
export function writeBlocks(file: Uint8Array, blocks: NewBlocks): Uint8Array<ArrayBuffer> {
  const head = readFileHead(file, "catalogue");
  const { rows, dim } = head;
  const parts = partsOf(rows, dim, blocks.ends.length);
  const kept = [...head.sections].filter(([kind]) => kind !== BLOCKS);
  const tableEnd = HEADER_BYTES + (kept.length + 1) * ENTRY_BYTES;
  const aligned = (offset: number): number => Math.ceil(offset / 64) * 64;
  let end = tableEnd;
  const moved = [...kept, [BLOCKS, { offset: 0, length: parts.length }] as const].map(
    ([kind, { offset, length }]) => {
      const start = aligned(end);
      end = start + length;
      return { kind, from: offset, offset: start, length };
    },
  );
  const out = new Uint8Array(end);
  const view = new DataView(out.buffer);
  out.set(file.subarray(0, HEADER_BYTES));
  setUint64(view, 40, end);
  view.setUint32(48, moved.length, true);
  moved.forEach(({ kind, from, offset, length }, entry) => {
    const at = HEADER_BYTES + entry * ENTRY_BYTES;
    view.setUint32(at, kind, true);
    setUint64(view, at + 8, offset);
    setUint64(view, at + 16, length);
    if (kind !== BLOCKS) out.set(file.subarray(from, from + length), offset);
  });
  const sections = new Map(moved.map(({ kind, offset, length }) => [kind, { offset, length }]));
  const section = out.subarray(sections.get(BLOCKS)!.offset);
  const sectionView = new DataView(out.buffer, section.byteOffset);
  const setHash = (at: number, hash: string): void => {
    sectionView.setUint32(at, parseInt(hash.slice(8), 16), true);
    sectionView.setUint32(at + 4, parseInt(hash.slice(0, 8), 16), true);
  };
  [BLOCKS_VERSION, blocks.ends.length, parts.sketchBytes].forEach((value, index) => {
    sectionView.setUint32(8 + index * 4, value, true);
  });
  sectionView.setUint32(20, blocks.scalesFollow ? SCALES_FOLLOW : 0, true);
  const { ends, centreScales, factorScales, centres, factors, sketches } = blocks;
  [ends, centreScales, factorScales].forEach((values, part) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    section.set(bytes, parts.offsets[part]);
  });
  section.set(centres, parts.offsets[5]);
  section.set(factors, parts.offsets[6]);
  section.set(sketches, parts.sketchOffset);
  setHash(32, hash64(out.subarray(16, tableEnd)));
  for (const [kind, { offset, length }] of sections)
    if (WHOLE_SECTIONS.includes(kind))
      setHash(32 + kind * 8, hash64(out.subarray(offset, offset + length)));
  let start = 0;
  ends.forEach((rowsEnd, block) => {
    const part = (range: ByteRange): Uint8Array =>
      out.subarray(range.offset, range.offset + range.length);
    setHash(
      parts.offsets[3]! + block * 8,
      hash64(...vectorRanges(sections, dim, start, rowsEnd).map(part)),
    );
    const offsets = payloadOffsets(sections, start, rowsEnd);
    if (offsets) {
      const texts = payloadTexts(sections, part(offsets), start);
      if (texts) setHash(parts.offsets[4]! + block * 8, hash64(part(offsets), part(texts)));
    }
    start = rowsEnd;
  });
  setHash(0, hash64(section.subarray(8)));
  const hash = hash64(out.subarray(16));
  view.setUint32(8, parseInt(hash.slice(8), 16), true);
  view.setUint32(12, parseInt(hash.slice(0, 8), 16), true);
  return out;
}

/** Sections that are read as a whole, each with a hash: ids, attributes and others. */
const WHOLE_SECTIONS: readonly number[] = [1, 4, 5, 6, 9, 10, 11, 13, 17, 20];

/** The bytes of the vectors of rows `start` to `end`: their codes and, if stored, residuals. */
export function vectorRanges(
  sections: ReadonlyMap<number, ByteRange>,
  dim: number,
  start: number,
  end: number,
): ByteRange[] {
  return [2, 3].flatMap((kind) => {
    const section = sections.get(kind);
    return section ? [{ offset: section.offset + start * dim, length: (end - start) * dim }] : [];
  });
}

/**
 * The bytes of the payload offsets of rows `start` to `end`, and that of the row before `start`;
 * undefined in a file without payloads.
 */
export function payloadOffsets(
  sections: ReadonlyMap<number, ByteRange>,
  start: number,
  end: number,
): ByteRange | undefined {
  const section = sections.get(7);
  const first = Math.max(0, start - 1);
  return section && { offset: section.offset + first * 4, length: (end - first) * 4 };
}

/** The bytes of the payloads of a block from its offsets; undefined if the offsets are invalid. */
export function payloadTexts(
  sections: ReadonlyMap<number, ByteRange>,
  offsets: Uint8Array,
  start: number,
): ByteRange | undefined {
  const section = sections.get(8);
  const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
  const first = start === 0 ? 0 : view.getUint32(0, true);
  const last = view.getUint32(offsets.length - 4, true);
  if (!section || last < first || last > section.length) return undefined;
  return { offset: section.offset + first, length: last - first };
}

/** 8 little-endian bytes as 16 hexadecimal digits. */
function hexAt(view: DataView, at: number): string {
  const half = (offset: number): string =>
    view.getUint32(offset, true).toString(16).padStart(8, "0");
  return half(at + 4) + half(at);
}

function uint64At(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
