/** Vercel's edge runtime: as in Cloudflare Workers, but a compiled module is asked for with `?module`. */
import { setWasmSource } from "../core/glue.js";
import wasm from "../wasm/core_bg.wasm?module";

setWasmSource((given) => given ?? wasm);

export * from "../index.js";
