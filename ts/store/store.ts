/** The contract of storage: where a profile's bytes are kept between visits. */
import { checkFunction, checkMethods } from "../values/check.js";

/**
 * A place for opaque, versioned bytes, which only sages read and write.
 *
 * An error that is no SageError surfaces as "storage". The optional members make a store faster and
 * safer: without `segments`, every change rewrites all bytes, O(n) for n actions; without `update`
 * and `segments`, one of two simultaneous writers can overwrite the other; without `setAside`,
 * unreadable bytes are rejected even with the option `unreadable: "set-aside"`.
 */
export interface Store {
  /**
   * Resolves to the bytes of the last `save` or `update`, or to all segments in their order one
   * after the other; undefined if there are none. Of a custom store, null means none too, and
   * other views, buffers and lists of bytes are read as well.
   */
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
  /** The same bytes as a list of segments, so that a change writes only what is new. */
  readonly segments?: Segments;
}

/** Throws code "option" unless `store` has the methods of {@link Store}; `where` names it. */
export function checkStore(where: string, store: Store): void {
  checkMethods(where, store, ["load", "save", "clear"]);
  const { segments } = store;
  for (const name of ["update", "setAside"] as const)
    if (store[name]) checkFunction(`${where}: ${name}`, store[name]);
  if (segments) checkMethods(`${where}: segments`, segments, ["read", "append", "replace"]);
}

/**
 * A list of byte arrays. A token represents a state of the list; tokens of different states differ,
 * also after `clear` or `save`. Each method is one transaction that excludes other writers.
 */
export interface Segments {
  /** Resolves to the segments added after the state `token`, or to all segments. */
  read(token?: unknown): Promise<SegmentList>;
  /**
   * Adds a segment, if the list is in the state `token`. Resolves to the new state once the segment
   * is durable; to undefined, and changes nothing, if another writer was first. The store may keep
   * or free the memory of bytes that it has written: the caller must not use them afterwards.
   */
  append(bytes: Uint8Array, token: unknown): Promise<unknown>;
  /** Replaces all segments by one, under the same conditions as `append`. */
  replace(bytes: Uint8Array, token: unknown): Promise<unknown>;
  /**
   * Calls `listener` after each write: of the caller's own ones before they resolve, of others as
   * far as the platform can tell. Returns a function that ends this.
   */
  watch?(listener: () => void): () => void;
}

/** The result of {@link Segments.read}. */
export interface SegmentList {
  /** The arrays must not change later: a sage keeps their vectors. */
  segments: Uint8Array[];
  /** The state of the list; not undefined. */
  token: unknown;
  /**
   * Whether `segments` are all there are, because no token was given or the list does not continue
   * its state: it was cleared or saved over.
   */
  complete: boolean;
}

/**
 * The store with segments. Spreading it copies all members but `segments`: a wrapper such as
 * `{ ...store, load, save }` is used through its own members.
 */
export function withSegments(store: Store, segments: Segments): Store {
  return Object.defineProperty(store, "segments", { value: segments });
}
