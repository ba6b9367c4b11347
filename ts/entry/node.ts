/** Entry for Node, whose fetch does not read file: URLs: those are read from disk. */
import { readFile } from "node:fs/promises";
import { setWasmSource } from "../core/glue.js";

setWasmSource(async (given = new URL("../wasm/core_bg.wasm", import.meta.url)) =>
  given instanceof URL && given.protocol === "file:" ? readFile(given) : given,
);

export * from "../index.js";
