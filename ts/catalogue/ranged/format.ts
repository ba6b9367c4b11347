/**
 * The header and the section table of a `.sage` file, and its section of blocks (docs/format.md),
 * which has the sketches of all rows and the hashes of the parts that searches read later.
 * More than 400 lines: the whole of what is read before a search, with its checks.
 */
import { SageError } from "../../errors.js";
import { uint32ToHex } from "../../values/bytes.js";
import { LIMITS } from "../../values/limits.js";
import { METRICS, type Metric } from "../options.js";
import {
  ATTRIBUTES,
  BLOCKS,
  bytesOf,
  CODES,
  HEADER_BYTES,
  ID_OFFSETS,
  ID_ORDER,
  IDS,
  NORMS,
  PAYLOAD_OFFSETS,
  PAYLOADS,
  PRIORS,
  REMOVED,
  RESIDUALS,
  REVISION,
  SCALES,
  SPACE,
} from "../sections.js";
import { hash64 } from "./hash.js";

/** Bytes of an entry of the section table. */
const ENTRY_BYTES = 24;
const MAX_SECTIONS = 64;
/** Bytes that hold the header and the longest section table. */
export const HEAD_BYTES = HEADER_BYTES + MAX_SECTIONS * ENTRY_BYTES;
/** Sections begin at multiples of this number of bytes. */
const SECTION_ALIGNMENT = 64;
/** Where the header has the hash of the file, and what the hash covers to the end of the file. */
const FILE_HASH_AT = 8;
const HASHED_FROM = 16;
/** Version of the section of blocks. */
const BLOCKS_VERSION = 1;
/** Where the section of blocks has the section hashes. */
const HASHES_AT = 32;
/** Number of section hashes, indexed by section kind; slot 0 is that of header and table. */
const HASH_SLOTS = 32;
const HASH_BYTES = 8;
/** Bytes of the fixed part of the section of blocks. */
const BLOCKS_HEAD_BYTES = HASHES_AT + HASH_SLOTS * HASH_BYTES;
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
  readonly metric: Metric;
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
  const view = viewOf(bytes);
  if (bytes.length < HEADER_BYTES || hexAt(view, 0) !== "5441432d45474153")
    throw corrupt(name, "expected a .sage file, which begins with SAGE-CAT");
  const version = view.getUint32(16, true);
  if (version > 1)
    throw new SageError(
      "version",
      `${name} has version ${version} of the format, expected 1: update the package.`,
    );
  const rows = view.getUint32(20, true);
  const dim = view.getUint32(24, true);
  const metric = METRICS[view.getUint32(28, true)];
  const spread = view.getFloat64(32, true);
  const length = uint64At(view, 40);
  const count = view.getUint32(48, true);
  const tableEnd = HEADER_BYTES + count * ENTRY_BYTES;
  const isHeader = dim >= 1 && dim <= LIMITS.maxDim && spread >= 0 && spread < Infinity;
  if (!isHeader || !metric || count > MAX_SECTIONS || tableEnd > Math.min(bytes.length, length))
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
    hash: hexAt(view, FILE_HASH_AT),
    headHash: hash64(bytes.subarray(HASHED_FROM, tableEnd)),
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

/**
 * Where the parts of the section of blocks begin, in their order in the file, each at a multiple of
 * 8 bytes; the bytes of a sketch and of the whole section.
 */
function layoutOf(rows: number, dim: number, count: number) {
  let end = BLOCKS_HEAD_BYTES;
  /** The offset of the next part. */
  const place = (length: number): number => {
    const offset = end;
    end = Math.ceil((end + length) / 8) * 8;
    return offset;
  };
  const offsets = {
    ends: place(count * 4),
    centreScales: place(count * 4),
    factorScales: place(count * 4),
    vectorHashes: place(count * HASH_BYTES),
    payloadHashes: place(count * HASH_BYTES),
    centres: place(count * dim),
    factors: place(rows),
    sketches: end,
  };
  const sketchBytes = Math.ceil(dim / 8);
  return { offsets, sketchBytes, length: end + rows * sketchBytes };
}

/** Reads the section of blocks. `bytes` begin at a multiple of 4 bytes of their buffer. */
export function readBlocks(
  bytes: Uint8Array,
  { rows, dim, headHash }: FileHead,
  name: string,
): BlockTable {
  const view = viewOf(bytes);
  if (bytes.length < BLOCKS_HEAD_BYTES) throw corrupt(name, "the section of blocks is too short");
  if (hexAt(view, 0) !== hash64(bytes.subarray(8)))
    throw corrupt(name, "the section of blocks does not match its hash");
  const version = view.getUint32(8, true);
  const count = view.getUint32(12, true);
  const sketchBytes = view.getUint32(16, true);
  const flags = view.getUint32(20, true);
  if (version !== BLOCKS_VERSION)
    throw new SageError(
      "version",
      `${name} has version ${version} of the section of blocks, expected ${BLOCKS_VERSION}: ` +
        "update the package.",
    );
  const layout = layoutOf(rows, dim, count);
  if (sketchBytes !== layout.sketchBytes || bytes.length !== layout.length || count > rows)
    throw corrupt(name, "the section of blocks has impossible values");
  const { buffer, byteOffset } = bytes;
  const { offsets } = layout;
  const table: BlockTable = {
    count,
    sketchBytes,
    scalesFollow: (flags & SCALES_FOLLOW) !== 0,
    ends: new Uint32Array(buffer, byteOffset + offsets.ends, count),
    centreScales: new Float32Array(buffer, byteOffset + offsets.centreScales, count),
    factorScales: new Float32Array(buffer, byteOffset + offsets.factorScales, count),
    vectorHash: (block) => hexAt(view, offsets.vectorHashes + block * HASH_BYTES),
    payloadHash: (block) => hexAt(view, offsets.payloadHashes + block * HASH_BYTES),
    sectionHash: (kind) => hexAt(view, HASHES_AT + kind * HASH_BYTES),
    centres: new Uint8Array(buffer, byteOffset + offsets.centres, count * dim),
    factors: new Uint8Array(buffer, byteOffset + offsets.factors, rows),
    sketches: bytes.subarray(offsets.sketches),
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
  const layout = layoutOf(head.rows, head.dim, blocks.ends.length);
  const { bytes, sections } = copySections(file, head, layout.length);
  const section = bytes.subarray(sections.get(BLOCKS)!.offset);
  writeParts(section, blocks, layout);
  writePartHashes(bytes, section, sections, head.dim, blocks.ends, layout);
  setHash(viewOf(section), 0, hash64(section.subarray(HASH_BYTES)));
  setHash(viewOf(bytes), FILE_HASH_AT, hash64(bytes.subarray(HASHED_FROM)));
  return bytes;
}

/**
 * A copy of the file with room for a section of blocks of `blocksLength` bytes at its end, and
 * where its sections are. The copy has no hashes yet.
 */
function copySections(
  file: Uint8Array,
  head: FileHead,
  blocksLength: number,
): { bytes: Uint8Array<ArrayBuffer>; sections: Map<number, ByteRange> } {
  const lengths = new Map([...head.sections].map(([kind, { length }]) => [kind, length]));
  lengths.delete(BLOCKS);
  lengths.set(BLOCKS, blocksLength);
  const sections = new Map<number, ByteRange>();
  let end = HEADER_BYTES + lengths.size * ENTRY_BYTES;
  for (const [kind, length] of lengths) {
    const offset = Math.ceil(end / SECTION_ALIGNMENT) * SECTION_ALIGNMENT;
    sections.set(kind, { offset, length });
    end = offset + length;
  }
  const bytes = new Uint8Array(end);
  const view = viewOf(bytes);
  bytes.set(file.subarray(0, HEADER_BYTES));
  setUint64(view, 40, end);
  view.setUint32(48, sections.size, true);
  let entryAt = HEADER_BYTES;
  for (const [kind, { offset, length }] of sections) {
    view.setUint32(entryAt, kind, true);
    setUint64(view, entryAt + 8, offset);
    setUint64(view, entryAt + 16, length);
    entryAt += ENTRY_BYTES;
    if (kind !== BLOCKS) bytes.set(partOf(file, head.sections.get(kind)!), offset);
  }
  return { bytes, sections };
}

/** Writes the section of blocks without its hashes. */
function writeParts(
  section: Uint8Array,
  blocks: NewBlocks,
  { offsets, sketchBytes }: ReturnType<typeof layoutOf>,
): void {
  const view = viewOf(section);
  view.setUint32(8, BLOCKS_VERSION, true);
  view.setUint32(12, blocks.ends.length, true);
  view.setUint32(16, sketchBytes, true);
  view.setUint32(20, blocks.scalesFollow ? SCALES_FOLLOW : 0, true);
  section.set(bytesOf(blocks.ends), offsets.ends);
  section.set(bytesOf(blocks.centreScales), offsets.centreScales);
  section.set(bytesOf(blocks.factorScales), offsets.factorScales);
  section.set(blocks.centres, offsets.centres);
  section.set(blocks.factors, offsets.factors);
  section.set(blocks.sketches, offsets.sketches);
}

/** Writes the hashes of the header, of the sections that are read as a whole, and of the blocks. */
function writePartHashes(
  file: Uint8Array,
  section: Uint8Array,
  sections: ReadonlyMap<number, ByteRange>,
  dim: number,
  ends: Uint32Array,
  { offsets }: ReturnType<typeof layoutOf>,
): void {
  const view = viewOf(section);
  const tableEnd = HEADER_BYTES + sections.size * ENTRY_BYTES;
  setHash(view, HASHES_AT, hash64(file.subarray(HASHED_FROM, tableEnd)));
  for (const [kind, range] of sections)
    if (WHOLE_SECTIONS.includes(kind))
      setHash(view, HASHES_AT + kind * HASH_BYTES, hash64(partOf(file, range)));
  ends.forEach((end, block) => {
    const start = ends[block - 1] ?? 0;
    const vectors = vectorRanges(sections, dim, start, end).map((range) => partOf(file, range));
    setHash(view, offsets.vectorHashes + block * HASH_BYTES, hash64(...vectors));
    const offsetRange = payloadOffsets(sections, start, end);
    if (!offsetRange) return;
    const payloadEnds = partOf(file, offsetRange);
    const textRange = payloadTexts(sections, payloadEnds, start);
    if (!textRange) return;
    const hash = hash64(payloadEnds, partOf(file, textRange));
    setHash(view, offsets.payloadHashes + block * HASH_BYTES, hash);
  });
}

/** Sections that are read as a whole, each with a hash. */
const WHOLE_SECTIONS: readonly number[] = [
  SCALES,
  ID_OFFSETS,
  IDS,
  ID_ORDER,
  NORMS,
  ATTRIBUTES,
  REMOVED,
  REVISION,
  PRIORS,
  SPACE,
];

/** The bytes of the vectors of rows `start` to `end`: their codes and, if stored, residuals. */
export function vectorRanges(
  sections: ReadonlyMap<number, ByteRange>,
  dim: number,
  start: number,
  end: number,
): ByteRange[] {
  return [CODES, RESIDUALS].flatMap((kind) => {
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
  const section = sections.get(PAYLOAD_OFFSETS);
  const first = Math.max(0, start - 1);
  return section && { offset: section.offset + first * 4, length: (end - first) * 4 };
}

/** The bytes of the payloads of a block from its offsets; undefined if the offsets are invalid. */
export function payloadTexts(
  sections: ReadonlyMap<number, ByteRange>,
  offsets: Uint8Array,
  start: number,
): ByteRange | undefined {
  const section = sections.get(PAYLOADS);
  const view = viewOf(offsets);
  const first = start === 0 ? 0 : view.getUint32(0, true);
  const last = view.getUint32(offsets.length - 4, true);
  if (!section || last < first || last > section.length) return undefined;
  return { offset: section.offset + first, length: last - first };
}

function partOf(file: Uint8Array, { offset, length }: ByteRange): Uint8Array {
  return file.subarray(offset, offset + length);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 8 little-endian bytes as 16 hexadecimal digits. */
function hexAt(view: DataView, at: number): string {
  return uint32ToHex(view.getUint32(at + 4, true)) + uint32ToHex(view.getUint32(at, true));
}

/** Writes a hash of 16 hexadecimal digits as 8 little-endian bytes. */
function setHash(view: DataView, at: number, hash: string): void {
  view.setUint32(at, Number.parseInt(hash.slice(8), 16), true);
  view.setUint32(at + 4, Number.parseInt(hash.slice(0, 8), 16), true);
}

function uint64At(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
