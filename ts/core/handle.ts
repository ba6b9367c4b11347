/**
 * Owns a core catalogue in the wasm memory, across crashes.
 *
 * Before a crashed instance is replaced, the catalogue's bytes are copied out of its memory; the
 * next use reads them into the new instance, which verifies their checksum. Without a crash there
 * is no second copy.
 */

import { SageError } from "../errors.js";
import { onRestart, withCore } from "./glue.js";
import type { Core, CoreCatalogue } from "./interface.js";

/** The owner of a core catalogue. */
export interface CatalogueHandle {
  /** Calls `use` with the catalogue and returns its result. Throws "closed" after `release`. */
  with<T>(use: (core: CoreCatalogue) => T): T;
  /**
   * Replaces the catalogue by the one that `make` returns, and frees the old one. If `make` throws,
   * the old one stays.
   */
  replace(make: (old: CoreCatalogue, core: Core) => CoreCatalogue): void;
  /** Frees the catalogue. Idempotent. */
  release(): void;
}

/** "copied": the bytes of the crashed instance. "lost": they could not be read. */
type State =
  | { is: "live"; core: CoreCatalogue }
  | { is: "copied"; bytes: Uint8Array }
  | { is: "lost"; cause: unknown }
  | { is: "closed" };

/** A mutable cell, so that a weak reference to it does not keep the catalogue alive. */
interface Slot {
  state: State;
}

/** Takes ownership of `core`: only the handle may free it. */
export function openHandle(core: CoreCatalogue): CatalogueHandle {
  const slot: Slot = { state: { is: "live", core } };
  const unregister = copyOutBeforeRestarts(
    "WeakRef" in globalThis ? new WeakRef(slot) : { deref: () => slot },
  );
  finalizers?.register(slot, unregister, slot);
  return {
    with: (use) => {
      const live = liveCatalogue(slot);
      return withCore(() => use(live));
    },
    replace: (make) => {
      const old = liveCatalogue(slot);
      const made = withCore((core) => make(old, core));
      old.free();
      slot.state = { is: "live", core: made };
    },
    release: () => {
      if (slot.state.is === "live") slot.state.core.free();
      slot.state = { is: "closed" };
      finalizers?.unregister(slot);
      unregister();
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
 * weak, because a strong one would keep each unreleased catalogue alive until the page ends.
 */
function copyOutBeforeRestarts(slotRef: Pick<WeakRef<Slot>, "deref">): () => void {
  return onRestart(() => {
    const slot = slotRef.deref();
    if (slot) slot.state = copyOut(slot.state);
  });
}

/** Copies the catalogue's bytes out of a crashed instance. */
function copyOut(state: State): State {
  if (state.is !== "live") return state;
  try {
    return { is: "copied", bytes: state.core.toBytes() };
  } catch (cause) {
    return { is: "lost", cause };
  }
}

/** The catalogue in the current instance; read from its copied bytes after a restart. */
function liveCatalogue(slot: Slot): CoreCatalogue {
  const { state } = slot;
  if (state.is === "live") return state.core;
  if (state.is !== "copied") {
    const closed = state.is === "closed";
    throw new SageError(
      closed ? "closed" : "crashed",
      `The catalogue was ${closed ? "closed" : "lost in a crash"}: ` +
        "open it again with Catalogue.fetch or fromBytes.",
      closed ? {} : { cause: state.cause },
    );
  }
  const core = withCore(({ CoreCatalogue }) => CoreCatalogue.fromBytes(state.bytes, false));
  slot.state = { is: "live", core };
  return core;
}
