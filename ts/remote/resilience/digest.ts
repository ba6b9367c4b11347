/** A short name for a long text. */

/** SHA-256 in hexadecimal; nobody can make another text with the same. The text itself where a page without https has no SHA-256. */
export async function digest(text: string): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) return text;
  const hash = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
