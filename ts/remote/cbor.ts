/** The part of CBOR (RFC 8949) that compact medoids use: heads of definite length, and strings. */

import { SageError } from "../errors.js";

/** Major types: the upper three bits of the first byte of a data item. */
export const UINT = 0;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;

/**
 * Appends the head of a data item in its shortest form. `argument`, below 2^32, is the value of an
 * integer or a tag, the bytes of a string, or the entries of an array or a map.
 */
export function writeHead(out: number[], major: number, argument: number): void {
  const type = major << 5;
  if (argument < 24) out.push(type | argument);
  else if (argument < 0x100) out.push(type | 24, argument);
  else if (argument < 0x1_0000) out.push(type | 25, argument >>> 8, argument & 255);
  else {
    out.push(type | 26);
    for (let shift = 24; shift >= 0; shift -= 8) out.push((argument >>> shift) & 255);
  }
}

/** Appends a byte string (`major` is {@link BYTES}) or a text ({@link TEXT}, with UTF-8). */
export function writeString(out: number[], major: number, string: Uint8Array): void {
  writeHead(out, major, string.length);
  for (const byte of string) out.push(byte);
}

/** The error for bytes that cannot be decoded: code "corrupt". */
export function corrupt(problem: string): SageError {
  return new SageError(
    "corrupt",
    `decodeMedoids: these bytes cannot be read: ${problem}. Expected those of encodeMedoids.`,
  );
}

/** A cursor over encoded data items. */
export class CborReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** Starts at the first byte. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether the cursor is after the last byte. */
  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /**
   * Reads the head of a data item of this major type and returns its argument; one above 2^53 is
   * rounded. Throws code "corrupt" for another type, an indefinite length, and the end of the
   * bytes.
   */
  head(major: number): number {
    const first = this.#take(1)[0]!;
    const info = first & 31;
    if (first >> 5 !== major || info > 27) throw malformed();
    if (info < 24) return info;
    return this.#take(2 ** (info - 24)).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Reads a byte string. Throws as {@link head}. */
  bytes(): Uint8Array {
    return this.#take(this.head(BYTES));
  }

  /** Reads a text. Throws as {@link head}, also for text that is not UTF-8. */
  text(): string {
    const string = this.#take(this.head(TEXT));
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(string);
    } catch {
      throw malformed();
    }
  }

  #take(count: number): Uint8Array {
    const start = this.#offset;
    if (count > this.#bytes.length - start) throw malformed();
    this.#offset += count;
    return this.#bytes.subarray(start, this.#offset);
  }
}

function malformed(): SageError {
  return corrupt("they are not a message of compact medoids");
}
