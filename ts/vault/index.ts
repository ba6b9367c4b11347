/**
 * Encryption of what is kept, and of what devices exchange: stores sealed with a key or a
 * passphrase, `sync`, a gate that opens by consent, and an export as JSON. Import `pocketsage` as
 * well, which loads the wasm.
 *
 * @packageDocumentation
 */

export { consentGate } from "./consent.js";
export { type EncryptedStoreOptions, encryptedStore } from "./encrypted-store.js";
export { exportJson, importJson } from "./portable.js";
export { sync } from "./sync.js";
export type {
  BlobStore,
  ConsentGate,
  ConsentOptions,
  JsonExportOptions,
  Secret,
  SyncOptions,
  SyncReport,
} from "./types.js";
