/** Node: the same module, read from disk, because Node's fetch knows no file: addresses. */
import { readFile } from "node:fs/promises";
import { setWasmSource } from "../core/glue.js";

setWasmSource(async (given = new URL("../wasm/core_bg.wasm", import.meta.url)) =>
  given instanceof URL && given.protocol === "file:" ? readFile(given) : given,
);

export * from "../index.js";
