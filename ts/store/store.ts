/** Where a profile is kept between visits. */

/**
 * A place for one opaque, versioned blob.
 *
 * Errors that are not SageErrors are reported as "storage". The two optional methods make a store safer: without `update` two writers at
 * the same moment can overwrite each other, without `setAside` unreadable bytes cannot be put away.
 */
export interface Store {
  load(): Promise<Uint8Array | undefined>;
  save(bytes: Uint8Array): Promise<void>;
  /** Deletes everything this store holds, bytes put aside included. */
  clear(): Promise<void>;
  /** Reads, changes and writes in one step that no other writer can come between; resolves to what was written. */
  update?(change: (current?: Uint8Array) => Uint8Array): Promise<Uint8Array>;
  /** Keeps a copy of bytes that could not be read, without touching what `load` gives. */
  setAside?(bytes: Uint8Array): Promise<void>;
}
