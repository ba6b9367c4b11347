// Shortens the names under which the wasm imports functions of its JavaScript glue. wasm-bindgen
// ends each in a hash, which no compression shortens, in both files.
import binaryen from "binaryen";

/** An import of the wasm in its text form, with the name as its only group. */
const importPattern = /(?<=\(import "\.\/core_bg\.js" )"([^"]+)"/g;

/** Returns the wasm and the glue (JavaScript) with short names for the imports. */
export function shortenImports(wasm, glue) {
  const module = binaryen.readBinary(wasm);
  const text = module.emitText();
  const shortNames = new Map(
    [...text.matchAll(importPattern)].map(([, name], index) => [name, `i${index}`]),
  );
  if (shortNames.size === 0)
    throw new Error("Found no imports: update scripts/lib/import-names.mjs to wasm-bindgen.");
  const result = binaryen.parseText(
    text.replace(importPattern, (_, name) => `"${shortNames.get(name)}"`),
  );
  result.setFeatures(module.getFeatures());
  const foundNames = new Set();
  const shortGlue = glue.replace(/^ +(\w+)(?=: function\()/gm, (line, name) => {
    if (!shortNames.has(name)) return line;
    foundNames.add(name);
    return line.replace(name, shortNames.get(name));
  });
  if (foundNames.size < shortNames.size)
    throw new Error("The glue lacks imports: update scripts/lib/import-names.mjs.");
  return { wasm: result.emitBinary(), glue: shortGlue };
}
