// Shortens the names of the imports and exports by which the wasm and its JavaScript glue find each
// other. They occur in both files, and those of imports end in hashes, which do not compress.
import binaryen from "binaryen";

/** An import or exported function of the wasm in its text form; the only group is the name. */
const importPattern = /(?<=\(import "\.\/core_bg\.js" )"([^"]+)"/g;
const exportPattern = /(?<=\(export )"([^"]+)"(?= \(func )/g;

/** Returns the wasm and the glue (JavaScript) with short names. */
export function shortenNames(wasm, glue) {
  const module = binaryen.readBinary(wasm);
  const text = module.emitText();
  const imports = numberNames(text, importPattern, "i");
  const exports = numberNames(text, exportPattern, "e");
  const result = binaryen.parseText(
    text
      .replace(importPattern, (_, name) => `"${imports.get(name)}"`)
      .replace(exportPattern, (_, name) => `"${exports.get(name)}"`),
  );
  result.setFeatures(module.getFeatures());
  const foundNames = new Set();
  const shortGlue = glue
    .replace(/^( +)(\w+)(?=: function\()/gm, (line, indent, name) => {
      if (!imports.has(name)) return line;
      foundNames.add(name);
      return indent + imports.get(name);
    })
    .replace(/\bwasm\.(\w+)/g, (access, name) =>
      exports.has(name) ? `wasm.${exports.get(name)}` : access,
    );
  if (imports.size === 0 || foundNames.size < imports.size)
    throw new Error("The glue lacks imports: update scripts/lib/short-names.mjs to wasm-bindgen.");
  return { wasm: result.emitBinary(), glue: shortGlue };
}

/** A short name, `prefix` and a number, for every name that the pattern finds. */
function numberNames(text, pattern, prefix) {
  const names = [...text.matchAll(pattern)].map(([, name]) => name);
  return new Map(names.map((name, index) => [name, `${prefix}${index}`]));
}
