/** Strings as the core takes them. */

/** Strings as one run of UTF-8 and the end of each. */
export function concatenate(strings: readonly string[]): { text: Uint8Array; ends: Uint32Array } {
  const encoder = new TextEncoder();
  const parts = strings.map((string) => encoder.encode(string));
  const ends = new Uint32Array(parts.length);
  const text = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((offset, part, index) => {
    text.set(part, offset);
    return (ends[index] = offset + part.length);
  }, 0);
  return { text, ends };
}
