/** The sections of a `.sage` file that are written on this side, by their numbers in docs/format.md, and what is in them. */

export const SCALES = 1;
export const CODES = 2;
export const RESIDUALS = 3;
export const ATTRIBUTES = 10;
export const REMOVED = 11;
export const LISTS = 12;
export const REVISION = 13;
export const BASE = 14;
export const DROPPED_ENDS = 15;
export const DROPPED = 16;

/** The bytes of some numbers. Every engine that runs wasm here is little-endian in its typed arrays, as the file is. */
export function bytesOf(numbers: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** A section as whole numbers. It came out of the core as a copy of its own, so it lies at a multiple of 4. */
export function uint32sOf(section: Uint8Array): Uint32Array {
  return new Uint32Array(section.buffer, section.byteOffset, section.length >> 2);
}

/** A revision as 8 bytes, from its 16 hexadecimal digits, and back. */
export function encodeRevision(digits: string): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, byte) =>
    parseInt(digits.slice(14 - 2 * byte, 16 - 2 * byte), 16),
  );
}

export function decodeRevision(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .reverse()
    .join("");
}
