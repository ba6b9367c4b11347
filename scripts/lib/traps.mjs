// Turns panics into traps. Nothing prints the messages of panics in the published wasm, and a panic
// ends in a trap anyway. The messages, their formatting and the source locations were a tenth of
// the wasm.
//
// ts/core/glue.ts reports "crashed" for a trap, unless memory was exhausted. A trap carries no
// reason, hence the exported global `exhausted`: it becomes 1 when the memory cannot grow, or when
// one block exceeds the address space, and 0 when it grows.
import binaryen from "binaryen";

/**
 * Functions of the standard library that only panic or format panic messages, by rustc's names, and
 * those of wasm-bindgen that throw because an object was freed or is in use: ts/core/ prevents it.
 */
const panicNames = new RegExp(
  "^<?(core|alloc|std|__rustc)(\\[\\w+\\])?::" +
    "(panicking::(?!panic_count)" +
    "|cell::Borrow\\w*Error as " +
    "|.*\\b(\\w+_fail|\\w+_failed|capacity_overflow|handle_error|handle_alloc_error" +
    "|panic_\\w+borrowed|rust_panic\\w*|rust_begin_unwind|__rust_start_panic)$)" +
    "|^wasm_bindgen::(throw_str|__rt::throw_null)(::h\\w+)?$",
);
/** The functions of panicNames that are called only if memory is exhausted. */
const exhaustionNames = /\b(capacity_overflow|handle_error|handle_alloc_error)$/;

/**
 * Functions that are only called through the table, and there only by panics, by closures passed to
 * JavaScript or by futures: the core has none of these.
 */
const uncalledNames = new RegExp(
  "^<?(std(\\[\\w+\\])?::panicking::|std(\\[\\w+\\])?::alloc::default_alloc_error_hook" +
    "|.* as core(\\[\\w+\\])?::(fmt|any)::" +
    "|wasm_bindgen::convert::closures::|js_sys::futures::)",
);
/** Functions that format text. `src/text.rs` replaces them, because they are large. */
const formatNames = /\bcore(\[\w+\])?::fmt::/;

/** Messages of panics, which only the functions of panicNames and uncalledNames read. */
const panicMessages = [
  "slice index starts at ",
  " but ends at ",
  "index out of bounds: the len is ",
  " but the index is ",
  "range start index ",
  " out of range for slice of length ",
  "range end index ",
  "removal index \\(is ",
  "\\) should be < len \\(is ",
  "assertion failed: [\\w !=<>+]+",
  "chunk size must be non-zero",
  "dest is out of bounds",
  "mid > len",
  "(?:start|end) of range should be a character boundary",
  "closure invoked recursively or after being dropped",
  "capacity overflow",
  "attempt to divide by zero",
  "attempt to calculate the remainder with a divisor of zero",
  "RefCell already (?:mutably )?borrowed",
  "attempted to take ownership of Rust value while it was borrowed",
  "null pointer passed to rust",
  "recursive use of an object detected which would lead to unsafe aliasing in rust",
  "00010203040506070809\\d{180}", // digits of the standard library's integers
];

/** Names in the wasm: the exported global, and the function that replaces `memory.grow`. */
const EXHAUSTED_GLOBAL = "exhausted";
const GROW_FUNCTION = "grow_and_record";

/**
 * Replaces the body of every function of panicNames by a trap, in a wasm that still has its names,
 * and removes what only panics use. wasm-opt then removes the computation of the arguments of these
 * functions. Throws if other code formats text by `core::fmt`.
 */
export function panicsToTraps(wasm) {
  const module = binaryen.readBinary(wasm);
  binaryen.setDebugInfo(true);
  const { i32 } = binaryen;
  const setExhausted = (value) => module.global.set(EXHAUSTED_GLOBAL, module.i32.const(value));
  module.addGlobal(EXHAUSTED_GLOBAL, i32, true, module.i32.const(0));
  module.addGlobalExport(EXHAUSTED_GLOBAL, EXHAUSTED_GLOBAL);
  let replacedCount = 0;
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const functionReference = module.getFunctionByIndex(index);
    const name = rustName(binaryen.getFunctionInfo(functionReference).name);
    if (!panicNames.test(name)) continue;
    const trap = exhaustionNames.test(name)
      ? module.block(null, [setExhausted(1), module.unreachable()])
      : module.unreachable();
    binaryen.Function.setBody(functionReference, trap);
    replacedCount += 1;
  }
  if (replacedCount < 8)
    throw new Error(
      `Found ${replacedCount} panicking functions, expected at least 8: rustc may have ` +
        "changed their names; update the pattern in scripts/lib/traps.mjs.",
    );
  removeUncalledTableEntries(module);
  return eraseTexts(recordGrowth(module).emitBinary());
}

/** The name of a function as rustc wrote it. */
function rustName(name) {
  return name.replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
}

/**
 * Removes the functions of uncalledNames from the table, so that wasm-opt can remove them. A call
 * through an empty table entry traps.
 */
function removeUncalledTableEntries(module) {
  const segment = binaryen.getElementSegmentInfo(module.getElementSegmentByIndex(0));
  const start = binaryen.getExpressionInfo(segment.offset).value;
  module.removeElementSegment(segment.name);
  segment.data.forEach((name, index) => {
    if (uncalledNames.test(rustName(name))) return;
    const offset = start + index;
    module.addActiveElementSegment(segment.table, `e${offset}`, [name], module.i32.const(offset));
  });
  module.runPasses(["dce", "vacuum", "remove-unused-module-elements"]);
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const name = rustName(binaryen.getFunctionInfo(module.getFunctionByIndex(index)).name);
    if (formatNames.test(name))
      throw new Error(`${name} is in use: format text with src/text.rs, or it traps.`);
  }
}

/** Replaces every `memory.grow` by a call that also records whether the memory has grown. */
function recordGrowth(module) {
  const text = module.emitText();
  const growCount = text.split("(memory.grow").length - 1;
  if (growCount === 0)
    throw new Error("Found no memory.grow: update scripts/lib/traps.mjs to the allocator.");
  const growFunction = `(func $${GROW_FUNCTION} (param $pages i32) (result i32)
    (local $before i32)
    (global.set $${EXHAUSTED_GLOBAL}
      (i32.eq
        (local.tee $before (memory.grow (local.get $pages)))
        (i32.const -1)))
    (local.get $before))`;
  const textWithRecording = text
    .replaceAll("(memory.grow", `(call $${GROW_FUNCTION}`)
    .replace(/\)\s*$/, `${growFunction}\n)`);
  const result = binaryen.parseText(textWithRecording);
  result.setFeatures(module.getFeatures());
  return result;
}

/**
 * Overwrites the source locations and messages of panics with zeros, which compress to nothing: the
 * functions that read them are traps. A location is four u32: address and length of a path, line,
 * column.
 */
function eraseTexts(wasm) {
  const module = binaryen.readBinary(wasm);
  const { offset, data } = module.getDataSegmentInfo(module.getDataSegment(".rodata"));
  const result = Buffer.from(wasm);
  const start = result.indexOf(Buffer.from(data));
  const constants = result.subarray(start, start + data.byteLength);
  const erasedRanges = [];
  for (let position = 0; position + 16 <= constants.length; position += 4) {
    const pathStart = constants.readUInt32LE(position) - offset;
    const pathEnd = pathStart + constants.readUInt32LE(position + 4);
    if (pathStart < 0 || pathEnd > constants.length) continue;
    if (/^[\w./-]+\.rs$/.test(constants.toString("latin1", pathStart, pathEnd)))
      erasedRanges.push([position, position + 16], [pathStart, pathEnd]);
  }
  if (erasedRanges.length === 0)
    throw new Error("Found no source locations: update scripts/lib/traps.mjs to their layout.");
  for (const { index, 0: text } of constants
    .toString("latin1")
    .matchAll(new RegExp(panicMessages.join("|"), "g")))
    erasedRanges.push([index, index + text.length]);
  for (const range of erasedRanges) constants.fill(0, ...range);
  return result;
}
