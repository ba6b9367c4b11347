/** Encoding of string lists for the core. */

/**
 * The strings as one run of UTF-8 bytes, and for each string the offset at which it ends: string i
 * is `utf8[ends[i - 1]..ends[i]]`.
 */
export function encodeStrings(strings: readonly string[]): { utf8: Uint8Array; ends: Uint32Array } {
  const encoder = new TextEncoder();
  const ends = new Uint32Array(strings.length);
  const joined = strings.join("");
  const encoded = encoder.encode(joined);
  // One byte per UTF-16 unit means ASCII, so the ends are sums of lengths. One encode call takes a
  // tenth of the time of a call per string.
  if (encoded.length === joined.length) {
    strings.reduce((end, string, index) => (ends[index] = end + string.length), 0);
    return { utf8: encoded, ends };
  }
  // Encoded one by one: halves of a surrogate pair in neighbouring strings must not be joined.
  const parts = strings.map((string) => encoder.encode(string));
  const utf8 = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((offset, part, index) => {
    utf8.set(part, offset);
    return (ends[index] = offset + part.length);
  }, 0);
  return { utf8, ends };
}
