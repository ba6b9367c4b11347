// Makes a panic a trap. Nobody can read a panic's message here: there is no console hook, a panic ends in a trap, and ts/core/glue.ts makes "crashed"
// of any trap. Yet the messages and the code that hands over places in the source were a tenth of the wasm.
import binaryen from "binaryen";

/** Functions of the standard library that do nothing but panic, or tell why, by the names rustc gives them. */
const panics =
  /^<?(core|alloc|std|__rustc)(\[\w+\])?::(panicking::(?!panic_count)|cell::Borrow\w*Error as |.*\b(\w+_fail|\w+_failed|capacity_overflow|handle_error|handle_alloc_error|panic_\w+borrowed|rust_panic\w*|rust_begin_unwind|__rust_start_panic)$)/;

/** The wasm, which still has its names, with nothing but a trap in those functions: what optimises it sees that nobody needs their arguments. */
export function panicsToTraps(wasm) {
  const module = binaryen.readBinary(wasm);
  binaryen.setDebugInfo(true);
  let count = 0;
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const reference = module.getFunctionByIndex(index);
    const name = binaryen
      .getFunctionInfo(reference)
      .name.replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
    if (!panics.test(name)) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    count += 1;
  }
  if (count < 8)
    throw new Error(
      `Only ${count} functions that panic were found: are their names still as scripts/lib/traps.mjs expects?`,
    );
  return module.emitBinary();
}
