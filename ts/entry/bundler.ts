/**
 * Entry for bundlers other than webpack and its relatives: the embedded wasm, which works wherever
 * the code is moved. Only a production build of Vite, which emits the wasm file when it sees the
 * literal `new URL`, replaces `import.meta.env.PROD` by `true` and drops the embedded copy. Its
 * development server does not emit the file, but PROD is true there, too, with NODE_ENV=production.
 */
import { setWasmSourceResolver } from "../core/glue.js";
import { decodeEmbeddedWasm } from "./embedded.js";

/** What Vite defines. */
interface ViteMeta {
  env?: { PROD?: boolean; MODE?: string };
}

setWasmSourceResolver(
  (given) =>
    given ??
    ((import.meta as ViteMeta).env?.PROD && (import.meta as ViteMeta).env?.MODE !== "development"
      ? new URL("../wasm/core_bg.wasm", import.meta.url)
      : decodeEmbeddedWasm()),
);

export * from "../index.js";
