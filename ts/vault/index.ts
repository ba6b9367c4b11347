/**
 * Encryption of what is kept: a store sealed with a key or a passphrase. Import `pocketsage` as
 * well, which loads the wasm.
 *
 * @packageDocumentation
 */

export { type EncryptedStoreOptions, encryptedStore } from "./encrypted-store.js";
export type { Secret } from "./types.js";
