// Changes the JavaScript that wasm-bindgen generates: TextDecoder and TextEncoder are created on
// first use instead of at import. In jsdom and in audio worklets they do not exist, and the import
// would fail.

const newDecoder = "new TextDecoder('utf-8', { ignoreBOM: true })";

/** Pairs of a pattern in the generated code and its replacement. Each pattern must match once. */
const replacements = [
  [
    `let cachedTextDecoder = ${newDecoder};\ncachedTextDecoder.decode();\n`,
    "let cachedTextDecoder;\n",
  ],
  [
    "    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {",
    "    if (!cachedTextDecoder || numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {",
  ],
  [
    `        cachedTextDecoder = ${newDecoder};\n        cachedTextDecoder.decode();\n`,
    `        cachedTextDecoder = ${newDecoder};\n`,
  ],
  ["const cachedTextEncoder = new TextEncoder();\n", "let cachedTextEncoder;\n"],
  // Every engine with the SIMD instructions of the core has encodeInto.
  [/\nif \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[\s\S]*?\n\}\n/, ""],
  ["= cachedTextEncoder.encode(", "= (cachedTextEncoder ??= new TextEncoder()).encode("],
  ["= cachedTextEncoder.encodeInto(", "= (cachedTextEncoder ??= new TextEncoder()).encodeInto("],
];

/** Returns the generated JavaScript with TextDecoder and TextEncoder created on first use. */
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
