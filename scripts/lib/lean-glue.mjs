// Removes from the JavaScript that wasm-bindgen generates what ts/core/glue.ts never uses: it calls
// `initSync` without arguments, one load at a time, and frees objects by `free`. Applied after
// scripts/lib/glue.mjs.

/** Pairs of a pattern in the generated code and its replacement. Each pattern must match. */
const replacements = [
  // Frees arguments after a failure of the next one. Without memory the instance is replaced.
  [
    new RegExp(
      String.raw` +try \{\n((?: +(?:ptr|len)\d+ = .*\n` +
        String.raw`)+) +\} catch \(e\) \{\n(?: +if \(ptr\d+\).*\n)+ +throw e;\n +\}\n`,
      "g",
    ),
    "$1",
  ],
  [/if \(Symbol\.dispose\) \w+\.prototype\[Symbol\.dispose\] = \w+\.prototype\.free;\n/g, ""],
  [
    /function initSync\(module\) \{\n[\s\S]*?\n\}\n/,
    "function initSync() {\n    return wasm;\n}\n",
  ],
  // A response whose headers are hidden has no bytes to fall back to.
  [/ +const validResponse = .*\n\n/, ""],
  ["validResponse && ", ""],
  [/\n {4}function expectedResponseType\(type\) \{[\s\S]*?\n {4}\}\n/, ""],
  // ts/core/glue.ts shares one load among concurrent calls.
  [
    /let __wbg_init_promise;\n[\s\S]*?async function __wbg_init_once\(module_or_path\) \{\n/,
    "async function __wbg_init(module_or_path) {\n    if (wasm !== undefined) return wasm;\n",
  ],
  // One function in place of four expressions.
  [
    new RegExp(
      String.raw`= \(typeof FinalizationRegistry === 'undefined'\)\n.*\n {4}: new FinalizationRegistry\(\(` +
        String.raw`\{ ptr, instance \}\) => \{\n` +
        String.raw` {4}if \(instance === __wbg_instance_id\) wasm\.(\w+)\(ptr, 1\);\n\}\);`,
      "g",
    ),
    "= __wbg_registry((ptr) => wasm.$1(ptr, 1));",
  ],
  // Strings are always passed with `realloc`.
  [/ {4}if \(realloc === undefined\) \{\n[\s\S]*?\n {4}\}\n\n/, ""],
  [/^ +_assertClass\(.*\n/gm, ""],
  [/function _assertClass[\s\S]*?\n\}\n\n/, ""],
  [
    /if \((\w+)\.__wbg_inst !== undefined && \1\.__wbg_inst !== __wbg_instance_id\) \{\n.*\n +\}/g,
    "__wbg_check($1);",
  ],
  [
    "\nfunction __wbg_call_guard() {",
    `
function __wbg_check(object) {
    if (object.__wbg_inst !== undefined && object.__wbg_inst !== __wbg_instance_id)
        throw new Error("This object belongs to a wasm instance that was replaced.");
}

function __wbg_registry(free) {
    if (typeof FinalizationRegistry === 'undefined')
        return { register: () => {}, unregister: () => {} };
    return new FinalizationRegistry(({ ptr, instance }) => {
        if (instance === __wbg_instance_id) free(ptr);
    });
}

function __wbg_call_guard() {`,
  ],
];

/** Returns the generated JavaScript without what is not used. */
export function leanGlue(javaScript) {
  return replacements.reduce((code, [pattern, replacement]) => {
    const result = code.replace(pattern, replacement);
    if (result === code)
      throw new Error(
        `Found no ${pattern}. wasm-bindgen may have changed its code; update ` +
          "scripts/lib/lean-glue.mjs.",
      );
    return result;
  }, javaScript);
}
