// Changes the JavaScript that wasm-bindgen generates:
// - TextDecoder and TextEncoder are created on first use instead of at import. In jsdom and in
//   audio worklets they do not exist, and the import would fail.
// - No default address of the wasm: each entry (ts/entry/) gives one. Bundlers would emit the file
//   for the literal `new URL`, also where the entry holds the wasm itself.
// - No warnings about forms of arguments that this package does not use.

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
  // Every runtime with the SIMD instructions of the core has encodeInto.
  [/\nif \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[\s\S]*?\n\}\n/, ""],
  [/\n {4}if \(module_or_path === undefined\) \{\n.*import\.meta\.url\);\n {4}\}\n/, "\n"],
  [
    / else \{\n {12}console\.warn\('using deprecated parameters for the initialization.*\n {8}\}/,
    "",
  ],
  [/ else \{\n {12}console\.warn\('using deprecated parameters for `initSync.*\n {8}\}/, ""],
  [
    /console\.warn\("`WebAssembly\.instantiateStreaming` failed.*\n/,
    'console.warn("Serve the wasm as application/wasm: this load is slower.", e);\n',
  ],
  ["= cachedTextEncoder.encode(", "= (cachedTextEncoder ??= new TextEncoder()).encode("],
  ["= cachedTextEncoder.encodeInto(", "= (cachedTextEncoder ??= new TextEncoder()).encodeInto("],
];

/** Returns the generated JavaScript with the changes above. */
export function adaptGlue(javaScript) {
  return replacements.reduce((code, [pattern, replacement]) => {
    const parts = code.split(pattern);
    if (parts.length !== 2)
      throw new Error(
        `Found ${parts.length - 1} times, expected once: ${pattern}. wasm-bindgen may have ` +
          "changed its code; update scripts/lib/glue.mjs.",
      );
    return parts.join(replacement);
  }, javaScript);
}
