// Turns panics into traps. Their messages are unreachable in the published wasm: there is no
// console hook, a panic ends in a trap, and ts/core/glue.ts reports "crashed" for every trap. The
// messages and the code that passes source locations were a tenth of the wasm.
import binaryen from "binaryen";

/** Functions of the standard library that only panic or format panic messages, by rustc's names. */
const panicNames = new RegExp(
  "^<?(core|alloc|std|__rustc)(\\[\\w+\\])?::" +
    "(panicking::(?!panic_count)" +
    "|cell::Borrow\\w*Error as " +
    "|.*\\b(\\w+_fail|\\w+_failed|capacity_overflow|handle_error|handle_alloc_error" +
    "|panic_\\w+borrowed|rust_panic\\w*|rust_begin_unwind|__rust_start_panic)$)",
);

/**
 * Replaces the bodies of those functions by a trap, in a wasm that still has its names. wasm-opt
 * then removes the computation of their arguments.
 */
export function panicsToTraps(wasm) {
  const module = binaryen.readBinary(wasm);
  binaryen.setDebugInfo(true);
  let count = 0;
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const reference = module.getFunctionByIndex(index);
    const name = binaryen
      .getFunctionInfo(reference)
      .name.replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
    if (!panicNames.test(name)) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    count += 1;
  }
  if (count < 8)
    throw new Error(
      `Found ${count} panicking functions, expected at least 8: rustc may have changed their ` +
        "names; update the pattern in scripts/lib/traps.mjs.",
    );
  return module.emitBinary();
}
