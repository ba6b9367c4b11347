/** Entry for any bundle that runs on a server: it holds the wasm itself. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { setWasmSourceResolver } from "../core/glue.js";
import { gzippedWasm } from "../wasm/embedded.js";
import { resolveServerSource } from "./server-source.js";

setWasmSourceResolver((given) =>
  given === undefined
    ? gunzipSync(Buffer.from(gzippedWasm, "base64"))
    : resolveServerSource(given, readFile),
);

// Never called. Nitro (Nuxt) resolves the package to this file, copies what it imports, and then
// lets Node load the package, which resolves to the bundle: its tracer finds the bundle here.
void (() => {
  const load = createRequire(import.meta.url);
  return load("../node/index.js") as unknown;
});

export * from "../index.js";
