/** SHA-256 by WebCrypto. */
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
