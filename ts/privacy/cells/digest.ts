/** SHA-256 by WebCrypto, and hexadecimal text. */
import { SageError } from "../../errors.js";

/** The SHA-256 hash of the bytes. Rejects with code "not-ready" without WebCrypto. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle)
    throw new SageError(
      "not-ready",
      "crypto.subtle is missing: serve the page over HTTPS, or use Node 20 or newer.",
    );
  return new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** Lower-case hexadecimal digits of the bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
