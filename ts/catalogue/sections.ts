/**
 * Section numbers of the `.sage` file format (docs/format.md) that TypeScript reads or writes, and
 * conversions between sections and arrays.
 */
import { fromHex, toHex } from "../values/bytes.js";

/** Section with the scale by which each row's codes are multiplied. */
export const SCALES = 1;
/** Section with the vectors as 7-bit codes. */
export const CODES = 2;
/** Section with the residuals of the codes, in catalogues of precision "full". */
export const RESIDUALS = 3;
/** Section with the end offset of the id of each row in {@link IDS}. */
export const ID_OFFSETS = 4;
/** Section with the ids, UTF-8, one after another. */
export const IDS = 5;
/** Section with the rows of all items, by ascending bytes of their ids. */
export const ID_ORDER = 6;
/** Section with the end offset of the payload of each row in {@link PAYLOADS}. */
export const PAYLOAD_OFFSETS = 7;
/** Section with the payloads, JSON texts in UTF-8, one after another. */
export const PAYLOADS = 8;
/** Section with the squared lengths of the rows, in catalogues of the metric "l2". */
export const NORMS = 9;
/** Section with the attributes: columns that filters read. */
export const ATTRIBUTES = 10;
/** Section with a bitset of the rows whose item was removed. */
export const REMOVED = 11;
/** Section with the inverted lists (IVF). */
export const LISTS = 12;
/** Words of {@link LISTS} before its end rows: probes, number of lists, recall and margin. */
export const LISTS_HEAD_WORDS = 4;
/** Section with the revision, in catalogues whose revision differs from their hash. */
export const REVISION = 13;
/** Section of a delta with the revision that the delta applies to. */
export const BASE = 14;
/** Section of a delta with the end offsets of the ids in {@link DROPPED}. */
export const DROPPED_ENDS = 15;
/** Section of a delta with the ids of the items to remove. */
export const DROPPED = 16;
/** Section with ln(1 + prior) of each row as f16, in catalogues with priors. */
export const PRIORS = 17;
/**
 * Section of a delta with the priors of m items that differ in nothing else: m u32, their positions
 * in {@link ID_ORDER} of the older catalogue, and m f16.
 */
export const PRIOR_CHANGES = 18;
/** Section with the text tower (ts/text/tower.ts). */
export const TEXT = 19;
/** Section with the name of the vector space, UTF-8, in catalogues whose space has a name. */
export const SPACE = 20;
/**
 * Section with the sketches and hashes of the blocks, in catalogues that are searched by ranges
 * (ts/catalogue/ranged/). The Rust core does not read it: readers skip unknown kinds.
 */
export const BLOCKS = 21;

/** Length of the header of a file. */
export const HEADER_BYTES = 64;

/** A view of the array's bytes: little-endian, as in the file, on every platform that runs wasm. */
export function bytesOf(
  numbers: Uint16Array | Uint32Array | Float32Array | Float64Array,
): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** A view of a section as u32. The core returns sections as copies, so they are aligned. */
export function uint32sOf(section: Uint8Array): Uint32Array {
  return new Uint32Array(section.buffer, section.byteOffset, section.length >> 2);
}

/** The 8 little-endian bytes of a revision given as 16 hexadecimal digits. */
export function encodeRevision(digits: string): Uint8Array {
  return fromHex(digits).reverse();
}

/** The 16 hexadecimal digits of a revision given as 8 little-endian bytes. */
export function decodeRevision(bytes: Uint8Array): string {
  return toHex(bytes.slice().reverse());
}
