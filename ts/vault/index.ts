/**
 * Encryption of what is kept, and of what devices exchange: stores sealed with a key or a
 * passphrase, and `sync`. Import `pocketsage` as well, which loads the wasm.
 *
 * @packageDocumentation
 */

export { type EncryptedStoreOptions, encryptedStore } from "./encrypted-store.js";
export { sync } from "./sync.js";
export type { BlobStore, Secret, SyncOptions, SyncReport } from "./types.js";
