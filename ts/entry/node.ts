/**
 * Entry for Node, Deno and Bun, as files and in any bundle for a server: it holds the wasm itself.
 * Node's fetch does not read file: URLs: those given to `init` are read from disk.
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { setWasmSourceResolver } from "../core/glue.js";
import { gzippedWasm } from "../wasm/embedded.js";

setWasmSourceResolver((given) => {
  if (given === undefined) return gunzipSync(Buffer.from(gzippedWasm, "base64"));
  if (given instanceof URL && given.protocol === "file:") return readFile(given);
  if (typeof given === "string" && !URL.canParse(given))
    throw new Error(
      `a server has no page for the relative address ${given}: pass nothing to init() here`,
    );
  return given;
});

export * from "../index.js";
