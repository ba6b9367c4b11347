/** Frees and joins bytes. */

/**
 * Frees the memory of a buffer at once; its views are empty afterwards. Left to the garbage
 * collector, buffers accumulate to 64 MB, half of an isolate, before V8 collects memory outside its
 * heap.
 */
export function freeBuffer(buffer: ArrayBufferLike): void {
  (buffer as ArrayBuffer).transfer(0);
}

/** All parts in one array: a new one, or the part if there is only one. */
export function joinBytes<Buffer extends ArrayBufferLike>(
  parts: readonly Uint8Array<Buffer>[],
): Uint8Array<Buffer | ArrayBuffer> {
  if (parts.length === 1) return parts[0]!;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
