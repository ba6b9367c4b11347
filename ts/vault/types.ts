/** The types that the functions of this room share. */

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

/** A place for named blobs that all devices of a user reach: R2, S3, a Durable Object, a folder. */
export interface BlobStore {
  /** The names of all blobs. Names that are not 32 hexadecimal digits are ignored. */
  list(): Promise<Iterable<string>>;
  /** The bytes; undefined or null if there is no such blob. */
  get(name: string): Promise<Uint8Array | ArrayBuffer | undefined | null>;
  /** Writes or replaces a blob. */
  put(name: string, bytes: Uint8Array): Promise<unknown>;
}

/** Options of `sync`. The secret is the same on all devices. */
export interface SyncOptions extends Secret {
  /**
   * Name of this device: 32 hexadecimal digits, in lower case. Default: a random one, which the
   * report has; pass it in later calls, else each call adds a blob.
   */
  device?: string;
  /** Aborts before the next call of a store; what was merged stays merged. */
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
