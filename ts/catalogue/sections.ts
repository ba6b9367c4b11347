/** Numbers of the `.sage` sections that TypeScript reads or writes (docs/format.md), and codecs. */

/** Scale of each row's codes. */
export const SCALES = 1;
/** Vectors as 7-bit codes. */
export const CODES = 2;
/** The codes' residuals, in "full" precision. */
export const RESIDUALS = 3;
/** Columns that filters read. */
export const ATTRIBUTES = 10;
/** Bitset of the rows whose item was removed. */
export const REMOVED = 11;
/** Inverted lists (IVF). */
export const LISTS = 12;
/** The revision, where it differs from the hash. */
export const REVISION = 13;
/** In a delta: the revision that it applies to. */
export const BASE = 14;
/** In a delta: end offsets of the ids in {@link DROPPED}. */
export const DROPPED_ENDS = 15;
/** In a delta: ids of the items to remove. */
export const DROPPED = 16;

/** A view of the bytes. Little-endian, like the file, on every platform that runs wasm. */
export function bytesOf(numbers: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** A view of a section as u32. The core returns sections as copies, so they are aligned. */
export function uint32sOf(section: Uint8Array): Uint32Array {
  return new Uint32Array(section.buffer, section.byteOffset, section.length >> 2);
}

/** The 8 little-endian bytes of a revision given as 16 hexadecimal digits. */
export function encodeRevision(digits: string): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, byte) =>
    parseInt(digits.slice(14 - 2 * byte, 16 - 2 * byte), 16),
  );
}

/** The 16 hexadecimal digits of a revision given as 8 little-endian bytes. */
export function decodeRevision(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .reverse()
    .join("");
}
