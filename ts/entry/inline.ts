/**
 * Entry that holds the wasm itself and requests no file, for every platform that may compile wasm:
 * bundlers that move code without its files, pages from file:, strict `connect-src`.
 */
import { setWasmSourceResolver } from "../core/glue.js";
import { decodeEmbeddedWasm } from "./embedded.js";

setWasmSourceResolver((given) => given ?? decodeEmbeddedWasm());

export * from "../index.js";
