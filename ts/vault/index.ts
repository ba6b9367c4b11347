/**
 * Encryption of stores, with a key or a passphrase, and of `sync` between devices; storage only
 * after consent; and an export as JSON. Import `pocketsage` as
 * well, which loads the wasm.
 *
 * @packageDocumentation
 */

export { consentGate } from "./consent.js";
export { type EdgeStore, type EdgeStoreOptions, edgeStore } from "./edge-store.js";
export { type EncryptedStoreOptions, encryptedStore } from "./encrypted-store.js";
export { exportJson, importJson } from "./portable.js";
export { sync } from "./sync.js";
export { isSyncBlob, SYNC_LIMITS } from "./sync-blob.js";
export type {
  BlobStore,
  ConsentGate,
  ConsentOptions,
  JsonExportOptions,
  Secret,
  SyncOptions,
  SyncReport,
} from "./types.js";
