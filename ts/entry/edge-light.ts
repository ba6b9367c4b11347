/** Entry for Vercel's edge runtime, where the suffix `?module` imports a compiled module. */
import { setWasmSourceResolver } from "../core/glue.js";
import wasm from "../wasm/core_bg.wasm?module";

setWasmSourceResolver((given) => given ?? wasm);

export * from "../index.js";
