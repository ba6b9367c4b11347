/**
 * Frees the memory of a buffer at once; its views are empty afterwards. Left to the garbage
 * collector, buffers accumulate to 64 MB, half of an isolate, before V8 collects memory outside its
 * heap.
 */
export function freeBuffer(buffer: ArrayBufferLike): void {
  (buffer as ArrayBuffer).transfer(0);
}
