/** Bytes: joined, compared, counted, read from bodies, and as hexadecimal digits. */

/** All parts in one new array. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/**
 * The bytes of a body, none for null; undefined for a body of more than `maxBytes`, which is
 * cancelled as soon as it is too long.
 */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return joinBytes(parts);
    length += value.length;
    if (length > maxBytes) {
      void reader?.cancel().catch(() => undefined);
      return undefined;
    }
    parts.push(value);
  }
}

/** The bytes as lower-case hexadecimal digits, two each. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of an even number of hexadecimal digits. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A whole number from 0 to 2^32 - 1 as 8 lower-case hexadecimal digits. */
export function uint32ToHex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Whether both are equal byte by byte, or both undefined. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a?.length === b?.length && a!.every((byte, index) => byte === b![index]));
}
