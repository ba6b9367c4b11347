/**
 * The server of two-server retrieval: `POST /v1/cells/xor` over the files that
 * `pocketsage build --cells` writes. It needs neither `pocketsage` nor its wasm.
 *
 * @packageDocumentation
 */

export type { CellManifest } from "../cells/format.js";
export { MAX_REQUEST_BYTES } from "../cells/xor.js";
export { addXor, type CellServer, type CellServerOptions, openCellServer } from "./cell-server.js";
export { type CellsHandlerOptions, cellsHandler } from "./handler.js";
