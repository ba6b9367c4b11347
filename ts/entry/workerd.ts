/**
 * Entry for Cloudflare Workers, which forbid compiling wasm from bytes: the import of a `.wasm`
 * file is a compiled module there.
 */
import { setWasmSourceResolver } from "../core/glue.js";
import wasm from "../wasm/core_bg.wasm";

setWasmSourceResolver((given) => given ?? wasm);

export * from "../index.js";
