/**
 * Entry for browsers, Bun, Deno and bundlers. The wasm file lies in the package; bundlers find it
 * by the literal `new URL`.
 */
import { setWasmSourceResolver } from "../core/glue.js";

setWasmSourceResolver((given) => given ?? new URL("../wasm/core_bg.wasm", import.meta.url));

export * from "../index.js";
