import { SageError } from "../errors.js";
import { joinBytes } from "../values/bytes.js";
import { toBytes } from "../values/check.js";

/**
 * All parts in one new array; undefined if there are none. Throws code "corrupt" if a part is
 * neither a view nor a buffer of bytes, of any realm.
 */
export function concatenate(given: readonly Uint8Array[]): Uint8Array | undefined {
  if (given.length === 0) return undefined;
  const parts = given.map((part) => {
    const bytes = toBytes(part);
    if (!bytes) throw new SageError("corrupt", "The store has a value that is no Uint8Array.");
    return bytes;
  });
  return joinBytes(parts);
}
