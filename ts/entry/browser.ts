/** Browsers, Bun, Deno and bundlers: the wasm lies beside this file, and the literal `new URL` is what bundlers look for. */
import { setWasmSource } from "../core/glue.js";

setWasmSource((given) => given ?? new URL("../wasm/core_bg.wasm", import.meta.url));

export * from "../index.js";
