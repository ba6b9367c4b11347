// Shared by the tests of pocketsage/vault: what a store must not get.
import assert from "node:assert/strict";

/** Asserts that none of the texts is in the bytes: in UTF-8, UTF-16 or base64 of any alignment. */
export function assertNoPlaintext(bytes, texts) {
  const buffer = Buffer.from(bytes);
  for (const text of texts) {
    const encodings = [Buffer.from(text), Buffer.from(text, "utf16le")];
    for (const encoded of [...encodings])
      for (const shift of [0, 1, 2]) {
        const base64 = Buffer.concat([Buffer.alloc(shift), encoded]).toString("base64");
        // The digits that depend on this text only, not on its neighbours.
        const digits = base64.slice(
          Math.ceil((shift * 8) / 6),
          Math.floor(((shift + encoded.length) * 8) / 6),
        );
        encodings.push(Buffer.from(digits));
      }
    for (const encoded of encodings) assert.equal(buffer.includes(encoded), false, text);
  }
}
