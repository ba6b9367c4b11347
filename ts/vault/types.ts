/** The types that the functions of this folder share. */
import type { Retriever } from "../retriever.js";
import type { Sage } from "../sage/types.js";
import type { Store } from "../store/store.js";

/** A secret: exactly one of the two. */
export interface Secret {
  /** AES-GCM key of 256 bits with the usages "encrypt" and "decrypt"; need not be extractable. */
  key?: CryptoKey;
  /**
   * Text from which a key is derived by PBKDF2-SHA-256: 600,000 iterations, a random salt of 16
   * bytes that is kept with the data; UTF-8 of its NFC form. It takes a fraction of a second, once.
   */
  passphrase?: string;
}

/**
 * A place for named blobs that all devices of a user reach: `edgeStore`, R2, S3, a folder. Each
 * call gets the signal of `sync`, and may ignore it.
 */
export interface BlobStore {
  /** The names of all blobs. Names that are not 32 hexadecimal digits are ignored. */
  list(signal?: AbortSignal): Promise<Iterable<string>>;
  /** The bytes; undefined or null if there is no such blob. */
  get(name: string, signal?: AbortSignal): Promise<Uint8Array | ArrayBuffer | undefined | null>;
  /** Writes or replaces a blob. */
  put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<unknown>;
}

/** Options of `sync`. The secret is the same on all devices. */
export interface SyncOptions extends Secret {
  /**
   * Name of this device: 32 hexadecimal digits, in lower case. Default: a random one, which the
   * report has; pass it in later calls, else each call adds a blob.
   */
  device?: string;
  /** Aborts the calls of the blob store; what was merged stays merged. */
  signal?: AbortSignal;
}

/** The result of `sync`. */
export interface SyncReport {
  /** Name of this device, for the next call. */
  readonly device: string;
  /** Number of devices that have a readable blob, this one included. */
  readonly devices: number;
  /** Whether a blob was written: the log differs from the one that was there. */
  readonly isWritten: boolean;
  /** Names of blobs that were skipped: damaged, of another secret, or of a newer version. */
  readonly unreadable: readonly string[];
}

/** Options of `consentGate`. */
export interface ConsentOptions {
  /** Whether the user has agreed, as kept by the caller. */
  given: boolean;
  /** Tabs of an origin whose gates have the same name withdraw together. Default: "default". */
  name?: string;
}

/** The result of `consentGate`. */
export interface ConsentGate {
  readonly isGiven: boolean;
  /** Fires when consent is withdrawn; for `sync`, `recommend` and requests of the caller. */
  readonly signal: AbortSignal;
  /** Throws code "aborted" without consent: the option `onOutbound` of `openPrivacy`. */
  check(): void;
  /** Call it when the user has agreed. */
  give(): void;
  /**
   * Aborts requests, deletes everything in all sages of `open`, closes them, and clears the guarded
   * stores; the same in other tabs, as far as they are open, shortly after. Rejects if a store
   * cannot be cleared: call it again.
   */
  withdraw(): Promise<void>;
  /** Opens a sage that a withdrawal erases and closes. */
  open(openSage: () => Promise<Sage>): Promise<Sage>;
  /** The store, which works only with consent; a withdrawal clears it. */
  guardStore(store: Store): Store;
  /** The retriever, which sends only with consent; a withdrawal aborts it. */
  guardRetriever(retriever: Retriever): Retriever;
  /** Stops following other tabs. */
  close(): void;
}

/** Options of `exportJson`. */
export interface JsonExportOptions {
  /** The bytes of `privacy.exportLedger()`, which the export then contains. Default: none. */
  ledger?: Uint8Array;
}
