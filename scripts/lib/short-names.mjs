// Shortens the names that the wasm and its JavaScript glue share. The names of imports end in
// hashes, which do not compress: they become `i0`, `i1`, ... Exported functions become elements of
// a table: Node 20 compiles a wrapper for each type of exported function while it compiles the
// wasm, 7 ms in all; for an element, it compiles the wrapper when the element is first read.
import binaryen from "binaryen";

/** An import or exported function of the wasm in its text form; the first group is the name. */
const importPattern = /\(import "\.\/core_bg\.js" "([^"]+)"/g;
const exportPattern = /\(export "([^"]+)" \(func (\$"[^"]+"|\S+)\)\)/g;
/** Exports that only generated glue uses, which scripts/lib/glue.mjs replaces. */
const unusedExports = ["__wbindgen_realloc", "__wbindgen_add_to_stack_pointer"];
const unusedGlobals = /\(export "(__abort_handler|__instance_terminated)" \(global \S+\)\)/g;
/**
 * The import that returns the number of the first JavaScript value that may be dropped. It becomes
 * 0, because the glue drops no others.
 */
const firstDropped =
  /\(import "__wbindgen_externref_xform__" "__wbindgen_externref_statics_end" \(func (\S+) .*\)\)/;
/** Names of the exported table, and of the object that has the imports. */
const [TABLE, IMPORTS] = ["f", "i"];

/**
 * Returns the wasm; the glue (JavaScript), in which the imports have their short names, and
 * exported functions are accessed as `__wbg_function(number)`; and the name of the exported table.
 */
export function shortenNames(wasm, glue) {
  const module = binaryen.readBinary(wasm);
  const text = withoutFirstDropped(module.emitText());
  const importNames = [...text.matchAll(importPattern)].map(([, name]) => name);
  const imports = new Map(importNames.map((name, index) => [name, `i${index}`]));
  const functions = [...text.matchAll(exportPattern)].filter(
    ([, name]) => !unusedExports.includes(name),
  );
  const indices = new Map(functions.map(([, name], index) => [name, index]));
  const result = binaryen.parseText(
    text
      .replace(importPattern, (_, name) => `(import "${IMPORTS}" "${imports.get(name)}"`)
      .replace(exportPattern, "")
      .replace(unusedGlobals, "")
      .replace(/\)\s*$/, `${tableOf(functions.map(([, , name]) => name))})`),
  );
  result.setFeatures(module.getFeatures());
  return { wasm: result.emitBinary(), glue: shortenGlue(glue, imports, indices), table: TABLE };
}

function withoutFirstDropped(text) {
  const [found, name] = firstDropped.exec(text) ?? [];
  if (!found) throw new Error("Found no first value: update scripts/lib/short-names.mjs.");
  return text.replace(found, "").replaceAll(`(call ${name})`, "(i32.const 0)");
}

/** The text of an exported table of the functions with the given internal names. */
function tableOf(names) {
  const count = names.length;
  return (
    `(table $exported ${count} ${count} funcref) (export "${TABLE}" (table $exported))` +
    `(elem (table $exported) (i32.const 0) func ${names.join(" ")})`
  );
}

function shortenGlue(glue, imports, indices) {
  const foundNames = new Set();
  const shortGlue = glue
    .replace(/^( +)(\w+)(?=: function\()/gm, (line, indent, name) => {
      if (!imports.has(name)) return line;
      foundNames.add(name);
      return indent + imports.get(name);
    })
    .replace(/^ {8}(__wb\w+): function\([\s\S]*?^ {8}\},\n/gm, "") // panics called them
    .replace('"./core_bg.js": ', `${IMPORTS}: `)
    .replace(/^ +"__wbindgen_externref_xform__": .*\n/m, "")
    .replace(/\bwasm\.(\w+)/g, (access, name) =>
      indices.has(name) ? `__wbg_function(${indices.get(name)})` : access,
    );
  if (imports.size === 0 || foundNames.size < imports.size)
    throw new Error(
      `Found ${foundNames.size} of ${imports.size} imports in the glue: update ` +
        "scripts/lib/short-names.mjs to wasm-bindgen.",
    );
  return shortGlue;
}
