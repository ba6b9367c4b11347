/**
 * Entry for webpack and its relatives, and for pages that load the files of the package. Those
 * bundlers emit the wasm file when they see the literal `new URL`.
 */
import { setWasmSourceResolver } from "../core/glue.js";

setWasmSourceResolver((given) => given ?? new URL("../wasm/core_bg.wasm", import.meta.url));

export * from "../index.js";
