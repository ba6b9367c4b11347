/** Entry for any bundle that runs on a server: it holds the wasm itself. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { setWasmSourceResolver } from "../core/glue.js";
import { gzippedWasm } from "../wasm/embedded.js";
import { resolveServerSource } from "./server-source.js";

setWasmSourceResolver((given) =>
  given === undefined
    ? gunzipSync(Buffer.from(gzippedWasm, "base64"))
    : resolveServerSource(given, readFile),
);

export * from "../index.js";
