// Turns panics into traps. Their messages are unreachable in the published wasm: there is no
// console hook, and a panic ends in a trap. The messages and the code that passes source locations
// were a tenth of the wasm.
//
// ts/core/glue.ts reports "crashed" for a trap, unless memory was exhausted. A trap carries no
// reason, hence the exported global `exhausted`: it becomes 1 when the memory cannot grow, or when
// one block exceeds the address space, and 0 when it grows.
import binaryen from "binaryen";

/** Functions of the standard library that only panic or format panic messages, by rustc's names. */
const panicNames = new RegExp(
  "^<?(core|alloc|std|__rustc)(\\[\\w+\\])?::" +
    "(panicking::(?!panic_count)" +
    "|cell::Borrow\\w*Error as " +
    "|.*\\b(\\w+_fail|\\w+_failed|capacity_overflow|handle_error|handle_alloc_error" +
    "|panic_\\w+borrowed|rust_panic\\w*|rust_begin_unwind|__rust_start_panic)$)",
);
/** The functions of panicNames that are called only if memory is exhausted. */
const exhaustionNames = /\b(capacity_overflow|handle_error|handle_alloc_error)$/;

/** Names in the wasm: the exported global, and the function that replaces `memory.grow`. */
const EXHAUSTED_GLOBAL = "exhausted";
const GROW_FUNCTION = "grow_and_record";

/**
 * Replaces the body of every function of panicNames by a trap, in a wasm that still has its names.
 * wasm-opt then removes the computation of the arguments of these functions.
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
    const name = binaryen
      .getFunctionInfo(functionReference)
      .name.replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
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
  return recordGrowth(module).emitBinary();
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
