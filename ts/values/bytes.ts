/** Joins bytes, and reads bodies of limited length. */

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
