/** Entry for Node, whose fetch does not read file: URLs: those are read from disk. */
import { readFile } from "node:fs/promises";
import { setWasmSourceResolver } from "../core/glue.js";

setWasmSourceResolver(async (given = new URL("../wasm/core_bg.wasm", import.meta.url)) =>
  given instanceof URL && given.protocol === "file:" ? readFile(given) : given,
);

export * from "../index.js";
