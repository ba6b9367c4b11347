/** Sources of the wasm that are given to `init` on a server. */
import type { WasmSource } from "../core/glue.js";

/**
 * Reads a file: URL by `readFile`, because Node's fetch does not; returns other sources as they
 * are. Throws an Error for a relative address.
 */
export function resolveServerSource(
  given: WasmSource,
  readFile: (file: URL) => Promise<BufferSource>,
): WasmSource | Promise<WasmSource> {
  if (given instanceof URL && given.protocol === "file:") return readFile(given);
  if (typeof given === "string" && !URL.canParse(given))
    throw new Error(
      `a server has no page for the relative address ${given}: pass nothing to init() here`,
    );
  return given;
}
