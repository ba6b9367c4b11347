/** Hashing of cache keys. */
import { toHex } from "../../values/bytes.js";

/**
 * SHA-256 in hexadecimal, collision-resistant against forged cache keys. Without WebCrypto (a page
 * without https): the bytes themselves in hexadecimal.
 */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  const hash = subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : bytes;
  return toHex(hash);
}
