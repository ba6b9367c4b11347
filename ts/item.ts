/** The identifier of an item, shared by every layer. */

/**
 * The caller's identifier of an item: well-formed Unicode of 1 to 65,535 bytes in UTF-8. Ids are
 * compared by equality of their characters and never parsed.
 */
export type ItemId = string;

/**
 * A vector as an argument: a typed array of any realm, a plain array of numbers, or the bytes of
 * little-endian f32 values in an ArrayBuffer, Buffer, Uint8Array or DataView. Converted to f32.
 */
export type VectorLike = ArrayLike<number> | ArrayBufferLike | ArrayBufferView;

/** Bytes as an argument: a buffer or view of any realm, or a plain array of bytes. */
export type BytesLike = ArrayBufferLike | ArrayBufferView | readonly number[];
