/**
 * Entry for Node, Deno and Bun without a bundler, which the build writes as pkg/node/index.js. It
 * reads the wasm file of the package: 4 ms less than parsing, decoding and inflating the embedded
 * copy. Where a program was moved without its files, the embedded copy serves.
 */
import { setWasmSourceResolver } from "../core/glue.js";
import { resolveServerSource } from "./server-source.js";

setWasmSourceResolver(async (given) => {
  // Not imported: Node takes 1.5 ms to make a module of node:fs.
  const fs = process.getBuiltinModule("node:fs");
  if (given !== undefined) return resolveServerSource(given, fs.promises.readFile);
  try {
    return fs.readFileSync(new URL("../wasm/core_bg.wasm", import.meta.url));
  } catch {
    const { decodeEmbeddedWasm } = await import("./embedded.js");
    return decodeEmbeddedWasm();
  }
});

export * from "../index.js";
