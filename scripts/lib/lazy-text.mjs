// Makes the generated code create its TextDecoder and TextEncoder on first use. It creates them
// when it is imported, which fails where they do not exist: in jsdom, and in audio worklets.

const decoder = "new TextDecoder('utf-8', { ignoreBOM: true })";

/** Each pattern must match once; the second value replaces it. */
const replacements = [
  [
    `let cachedTextDecoder = ${decoder};\ncachedTextDecoder.decode();\n`,
    "let cachedTextDecoder;\n",
  ],
  [
    "    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {",
    "    if (!cachedTextDecoder || numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {",
  ],
  [
    `        cachedTextDecoder = ${decoder};\n        cachedTextDecoder.decode();\n`,
    `        cachedTextDecoder = ${decoder};\n`,
  ],
  ["const cachedTextEncoder = new TextEncoder();\n", "let cachedTextEncoder;\n"],
  // Every engine with the SIMD instructions of the core has encodeInto.
  [/\nif \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[\s\S]*?\n\}\n/, ""],
  ["= cachedTextEncoder.encode(", "= (cachedTextEncoder ??= new TextEncoder()).encode("],
  ["= cachedTextEncoder.encodeInto(", "= (cachedTextEncoder ??= new TextEncoder()).encodeInto("],
];

/** The generated JavaScript, without effects at import. */
export function makeTextCodersLazy(javaScript) {
  return replacements.reduce((code, [pattern, replacement]) => {
    const parts = code.split(pattern);
    if (parts.length !== 2)
      throw new Error(
        `Found ${parts.length - 1} times, expected once: ${pattern}. wasm-bindgen may have ` +
          "changed its code; update scripts/lib/lazy-text.mjs.",
      );
    return parts.join(replacement);
  }, javaScript);
}
