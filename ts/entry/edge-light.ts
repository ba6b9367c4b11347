/** Entry for Vercel's edge runtime, where the suffix `?module` imports a compiled module. */
import { setWasmSource } from "../core/glue.js";
import wasm from "../wasm/core_bg.wasm?module";

setWasmSource((given) => given ?? wasm);

export * from "../index.js";
