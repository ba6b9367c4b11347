/** The contract of storage: where a profile's bytes are kept between visits. */

/**
 * A place for one opaque, versioned byte array, which only sages read and write.
 *
 * An error that is no SageError surfaces as "storage". The two optional methods make a store safer:
 * without `update`, one of two simultaneous writers can overwrite the other; without `setAside`,
 * unreadable bytes are rejected even with the option `unreadable: "set-aside"`.
 */
export interface Store {
  /** Resolves to the bytes of the last `save` or `update`; undefined if there are none. */
  load(): Promise<Uint8Array | undefined>;
  /** Replaces the bytes. Resolves when they are durable. */
  save(bytes: Uint8Array): Promise<void>;
  /** Deletes everything this store holds, including bytes kept by `setAside`. */
  clear(): Promise<void>;
  /**
   * Replaces the bytes by `change` of the current ones, in one transaction that excludes other
   * writers. Resolves to the new bytes. If `change` throws, nothing is written.
   */
  update?(change: (current?: Uint8Array) => Uint8Array): Promise<Uint8Array>;
  /** Keeps a copy of unreadable bytes, apart from those that `load` returns. */
  setAside?(bytes: Uint8Array): Promise<void>;
}
