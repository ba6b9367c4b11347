/**
 * Entry for bundlers other than webpack and its relatives: the embedded wasm, which works wherever
 * the code is moved. Only a production build of Vite, which emits the wasm file when it sees the
 * literal `new URL`, replaces `import.meta.env.PROD` by `true` and drops the embedded copy.
 */
import { setWasmSourceResolver } from "../core/glue.js";
import { decodeEmbeddedWasm } from "./embedded.js";

setWasmSourceResolver(
  (given) =>
    given ??
    ((import.meta as { env?: { PROD?: boolean } }).env?.PROD
      ? new URL("../wasm/core_bg.wasm", import.meta.url)
      : decodeEmbeddedWasm()),
);

export * from "../index.js";
