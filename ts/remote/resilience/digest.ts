/** A short name for something long. */

/** SHA-256 in hexadecimal: nobody can make something else with the same. Where there is none (a page without https), the bytes themselves. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  const short = subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : bytes;
  return Array.from(short, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
