/**
 * Entry for browsers, Bun, Deno and bundlers. The wasm file lies in the package; bundlers find it
 * by the literal `new URL`.
 */
import { setWasmSource } from "../core/glue.js";

setWasmSource((given) => given ?? new URL("../wasm/core_bg.wasm", import.meta.url));

export * from "../index.js";
