/**
 * Owns an object of the core that holds bytes (a catalogue, a loader) across crashes.
 *
 * Before a crashed instance is replaced, the bytes are copied out of its memory; the next use
 * restores the object in the new instance. Without a crash there is no second copy.
 */

import { SageError } from "../errors.js";
import { Owned, onRestart, withCore } from "./glue.js";
import type { Core, CoreCatalogue } from "./interface.js";

/** An object of the core that can be restored from its bytes. */
interface Restorable {
  toBytes(): Uint8Array;
  free(): void;
}

/** The owner of an object of the core. */
export interface Handle<T> {
  /** Calls `use` with the object and returns its result. Throws "closed" after `release`. */
  with<R>(use: (object: T) => R): R;
  /**
   * Replaces the object by the one that `make` returns, and frees the old one. If `make` throws,
   * the old one stays.
   */
  replace(make: (old: T, core: Core) => T): void;
  /** Calls `use`, which consumes the object, and releases the handle. */
  consume<R>(use: (object: T) => R): R;
  /** Frees the object. Idempotent. */
  release(): void;
}

/** Makes an object of its bytes in the current instance. */
type Restore<T> = (core: Core, bytes: Uint8Array) => T;

/** "copied": the bytes of the crashed instance. "lost": they could not be read. */
type State<T extends Restorable> =
  | { is: "live"; owned: Owned<T> }
  | { is: "copied"; bytes: Uint8Array }
  | { is: "lost"; cause: unknown }
  | { is: "closed" };

/** A mutable cell, so that a weak reference to it does not keep the object alive. */
interface Slot<T extends Restorable> {
  state: State<T>;
}

/** The owner of a core catalogue. */
export type CatalogueHandle = Handle<CoreCatalogue>;

/** Takes ownership of a catalogue that the current instance made. */
export function openCatalogue(catalogue: CoreCatalogue): CatalogueHandle {
  return openHandle(catalogue, ({ CoreCatalogue }, bytes) => CoreCatalogue.fromBytes(bytes, false));
}

/** Takes ownership of an object that the current instance made: only the handle may free it. */
export function openHandle<T extends Restorable>(object: T, restore: Restore<T>): Handle<T> {
  const slot: Slot<T> = { state: { is: "live", owned: new Owned(object) } };
  const unregister = copyOutBeforeRestarts(
    "WeakRef" in globalThis ? new WeakRef(slot) : { deref: () => slot },
  );
  finalizers?.register(slot, unregister, slot);
  const close = (): void => {
    slot.state = { is: "closed" };
    finalizers?.unregister(slot);
    unregister();
  };
  return {
    with: (use) => {
      const live = liveObject(slot, restore);
      return withCore(() => use(live));
    },
    replace: (make) => {
      const old = liveObject(slot, restore);
      const made = withCore((core) => make(old, core));
      if (slot.state.is === "live") slot.state.owned.free();
      slot.state = { is: "live", owned: new Owned(made) };
    },
    consume: (use) => {
      const live = liveObject(slot, restore);
      close();
      return withCore(() => use(live));
    },
    release: () => {
      if (slot.state.is === "live") slot.state.owned.free();
      close();
    },
  };
}

/**
 * Unregisters the restart callback of a handle that was garbage-collected without `release`. (The
 * generated code frees the wasm memory likewise.) Cloudflare Workers of older compatibility dates
 * have neither FinalizationRegistry nor WeakRef: there, handles must be released.
 */
const finalizers =
  "FinalizationRegistry" in globalThis
    ? new FinalizationRegistry<() => void>((unregister) => unregister())
    : undefined;

/**
 * Registers the copy before restarts; returns the function that unregisters it. The reference is
 * weak, because a strong one would keep each unreleased object alive until the page ends.
 */
function copyOutBeforeRestarts<T extends Restorable>(
  slotRef: Pick<WeakRef<Slot<T>>, "deref">,
): () => void {
  return onRestart(() => {
    const slot = slotRef.deref();
    if (slot) slot.state = copyOut(slot.state);
  });
}

/** Copies the bytes out of a crashed instance. */
function copyOut<T extends Restorable>(state: State<T>): State<T> {
  if (state.is !== "live") return state;
  try {
    return { is: "copied", bytes: state.owned.object!.toBytes() };
  } catch (cause) {
    return { is: "lost", cause };
  }
}

/** The object in the current instance; restored from its copied bytes after a restart. */
function liveObject<T extends Restorable>(slot: Slot<T>, restore: Restore<T>): T {
  const { state } = slot;
  if (state.is === "live") return state.owned.object!;
  if (state.is !== "copied") {
    const closed = state.is === "closed";
    throw new SageError(
      closed ? "closed" : "crashed",
      `The catalogue was ${closed ? "closed" : "lost in a crash"}: ` +
        "open it again with Catalogue.fetch or fromBytes.",
      closed ? {} : { cause: state.cause },
    );
  }
  const object = withCore((core) => restore(core, state.bytes));
  slot.state = { is: "live", owned: new Owned(object) };
  return object;
}
