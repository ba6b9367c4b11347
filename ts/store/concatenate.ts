import { SageError } from "../errors.js";

/**
 * All parts in one new array; undefined if there are none. Throws code "corrupt" if a part is not a
 * Uint8Array.
 */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array | undefined {
  if (parts.length === 0) return undefined;
  if (!parts.every((part) => part instanceof Uint8Array))
    throw new SageError("corrupt", "The store has a value that is no Uint8Array.");
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
