// Removes from the JavaScript that wasm-bindgen generates what ts/core/glue.ts never uses (it calls
// `initSync` without arguments, loads once at a time, and frees objects by `free`), and shares what
// is repeated. Applied after scripts/lib/glue.mjs, before scripts/lib/short-names.mjs.

/** Pairs of a pattern in the generated code and its replacement. Each pattern must match. */
const replacements = [
  // Code that frees arguments if the allocation of the next one fails. It is not needed: an
  // instance that is out of memory is replaced.
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
  [/failed to fetch Wasm: (\$\{module\.status\}) .* fetching '(.*)'`/, "HTTP $1 of $2`"],
  // A response whose headers are hidden has no bytes to fall back to.
  [/ +const validResponse = .*\n\n/, ""],
  ["validResponse && ", ""],
  [/\n {4}function expectedResponseType\(type\) \{[\s\S]*?\n {4}\}\n/, ""],
  // ts/core/glue.ts shares one load among concurrent calls.
  [
    /let __wbg_init_promise;\n[\s\S]*?async function __wbg_init_once\(module_or_path\) \{\n/,
    "async function __wbg_init(module_or_path) {\n    if (wasm !== undefined) return wasm;\n",
  ],
  // ts/core/glue.ts passes an object.
  [
    /if \(module_or_path !== undefined\) \{\n.*\n +(\(\{module_or_path\} = .*\))\n +\}\n +\}\n/,
    "$1;\n",
  ],
  // Node loads all of its fetch, in 20 ms, at the first use of the names `Request` and `Response`.
  [
    /typeof module_or_path === 'string' \|\| \(typeof Request.* instanceof URL\)/,
    "/(String|Request|URL)]/.test({}.toString.call(module_or_path))",
  ],
  [
    "typeof Response === 'function' && module instanceof Response",
    "/Response]/.test({}.toString.call(module))",
  ],
  // One function in place of four expressions.
  [
    new RegExp(
      String.raw`= \(typeof FinalizationRegistry === 'undefined'\)\n.*\n` +
        String.raw` {4}: new FinalizationRegistry\(\(` +
        String.raw`\{ ptr, instance \}\) => \{\n` +
        String.raw` {4}if \(instance === __wbg_instance_id\) wasm\.(\w+)\(ptr, 1\);\n\}\);`,
      "g",
    ),
    "= __wbg_registry((ptr) => wasm.$1(ptr, 1));",
  ],
  // Strings are always passed with `realloc`.
  [/ {4}if \(realloc === undefined\) \{\n[\s\S]*?\n {4}\}\n\n/, ""],
  // Each access creates a new view of the wasm memory: caching views saves little time and takes
  // more code.
  [/let cached\w+ArrayMemory0 = null;\n/g, ""],
  [/^ +cached\w+ArrayMemory0 = null;\n/gm, ""],
  [/function get\w+ArrayMemory0\(\) \{\n {4}if .*\n.*\n {4}\}\n.*\n\}\n\n/g, ""],
  [/function getArray\w+FromWasm0\(ptr, len\) \{\n.*\n.*\n\}\n\n/g, ""],
  [
    /getArrayF(\d+)FromWasm0\((\w+), (\w+)\)/g,
    "new Float$1Array(wasm.memory.buffer, $2 >>> 0, $3)",
  ],
  [/getArrayI(\d+)FromWasm0\((\w+), (\w+)\)/g, "new Int$1Array(wasm.memory.buffer, $2 >>> 0, $3)"],
  [/getArrayU(\d+)FromWasm0\((\w+), (\w+)\)/g, "new Uint$1Array(wasm.memory.buffer, $2 >>> 0, $3)"],
  [
    / {4}ptr = ptr >>> 0;\n {4}return decodeText\(getUint8.*\);/,
    "    return decodeText(new Uint8Array(wasm.memory.buffer, ptr >>> 0, len));",
  ],
  [
    /get(\w+)ArrayMemory0\(\)\.set\(arg, ptr \/ \d\);/g,
    "new $1Array(wasm.memory.buffer, ptr).set(arg);",
  ],
  [/get(\w+)ArrayMemory0\(\)/g, "new $1Array(wasm.memory.buffer)"],
  // Every array is allocated by the same function.
  [/(= passArray\w+ToWasm0\(\w+), wasm\.\w+\)/g, "$1)"],
  [/(: passArray\w+ToWasm0\(\w+), wasm\.\w+\)/g, "$1)"],
  [
    /(function passArray\w+ToWasm0\(arg), malloc\) \{\n {4}const ptr = malloc/g,
    "$1) {\n    const ptr = wasm.__wbindgen_malloc",
  ],
  // WebAssembly converts numbers itself.
  [/(const val\d+ = )\+/g, "$1"],
  [/(ret\[1\]) \* 1\b/g, "$1"],
  [
    new RegExp(
      String.raw`ret = (wasm\..*);\n +if \(ret\[2\]\) \{\n` +
        String.raw` +throw takeFromExternrefTable0\(ret\[1\]\);\n` +
        String.raw` +\}\n +return takeFromExternrefTable0\(ret\[0\]\);`,
      "g",
    ),
    "return __wbg_result($1);",
  ],
  [
    /Object\.defineProperty\((\w+), '__wbg_inst', \{ value: (\w+), writable: true \}\)/g,
    "$1.__wbg_inst = $2",
  ],
  [/^ +_assertClass\(.*\n/gm, ""],
  [/function _assertClass[\s\S]*?\n\}\n\n/, ""],
  [
    /if \(\(?(\w+)\)?\.__wbg_inst !== undefined && \(?\1\)?\.__wbg_inst !== .*\n.*\n +\}/g,
    "__wbg_check_instance($1);",
  ],
  [
    "\nfunction __wbg_call_guard() {",
    `
function __wbg_check_instance(object) {
    if (object.__wbg_inst !== undefined && object.__wbg_inst !== __wbg_instance_id)
        throw new Error("of a replaced instance");
}

function __wbg_result(ret) {
    if (ret[2]) throw takeFromExternrefTable0(ret[1]);
    return takeFromExternrefTable0(ret[0]);
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
