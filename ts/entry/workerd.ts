/** Cloudflare Workers: code may not be made from bytes there, so the wasm is imported as a compiled module. */
import { setWasmSource } from "../core/glue.js";
import wasm from "../wasm/core_bg.wasm";

setWasmSource((given) => given ?? wasm);

export * from "../index.js";
