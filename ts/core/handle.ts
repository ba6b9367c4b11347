/**
 * Owns an object of the core that holds bytes (a catalogue, a loader) across crashes.
 *
 * Before a crashed wasm instance is replaced, the bytes are copied out of its memory; the next use
 * restores the object in the new instance. Without a crash there is no second copy.
 */

import { SageError } from "../errors.js";
import { InstanceBound, onRestart, withCore } from "./glue.js";
import type { Core, CoreCatalogue } from "./interface.js";

/** An object of the core that can be restored from its bytes. */
interface Restorable {
  toBytes(): Uint8Array;
  free(): void;
}

/** The owner of an object of the core. */
export interface Handle<T> {
  /** Calls `use` with the object and returns its result. Throws code "closed" after `release`. */
  with<R>(use: (object: T) => R): R;
  /**
   * Replaces the object by the result of `make`, and frees the old object. If `make` throws, the
   * old object stays.
   */
  replace(make: (oldObject: T, core: Core) => T): void;
  /** Calls `use`, which consumes the object, and releases the handle. */
  consume<R>(use: (object: T) => R): R;
  /** Frees the object. Idempotent. */
  release(): void;
}

/** Creates an object in the current wasm instance from the bytes of a former one. */
type Restore<T> = (core: Core, bytes: Uint8Array) => T;

/**
 * Where the object of a handle is: "live" in the current wasm instance, "copied" out of a crashed
 * instance as bytes, "lost" because a crashed instance could not be read, or "closed".
 */
type HandleState<T extends Restorable> =
  | { kind: "live"; owned: InstanceBound<T> }
  | { kind: "copied"; bytes: Uint8Array }
  | { kind: "lost"; cause: unknown }
  | { kind: "closed" };

/** Holds the state of a handle. Restart callbacks refer to the cell weakly, not to the handle. */
interface StateCell<T extends Restorable> {
  state: HandleState<T>;
}

/** The owner of a core catalogue. */
export type CatalogueHandle = Handle<CoreCatalogue>;

/** Takes ownership of a catalogue that the current wasm instance created. */
export function openCatalogueHandle(catalogue: CoreCatalogue): CatalogueHandle {
  return openHandle(catalogue, ({ CoreCatalogue }, bytes) => CoreCatalogue.fromBytes(bytes, false));
}

/** Takes ownership of an object of the current wasm instance; only the handle may then free it. */
export function openHandle<T extends Restorable>(object: T, restore: Restore<T>): Handle<T> {
  const cell: StateCell<T> = { state: { kind: "live", owned: new InstanceBound(object) } };
  const unregister = copyOutBeforeRestarts(
    "WeakRef" in globalThis ? new WeakRef(cell) : { deref: () => cell },
  );
  finalizers?.register(cell, unregister, cell);
  const close = (): void => {
    cell.state = { kind: "closed" };
    finalizers?.unregister(cell);
    unregister();
  };
  return {
    with: (use) => {
      const coreObject = liveObject(cell, restore);
      return withCore(() => use(coreObject));
    },
    replace: (make) => {
      const oldObject = liveObject(cell, restore);
      const replacement = withCore((core) => make(oldObject, core));
      if (cell.state.kind === "live") cell.state.owned.free();
      cell.state = { kind: "live", owned: new InstanceBound(replacement) };
    },
    consume: (use) => {
      const coreObject = liveObject(cell, restore);
      close();
      return withCore(() => use(coreObject));
    },
    release: () => {
      if (cell.state.kind === "live") cell.state.owned.free();
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
 * Registers a restart callback that copies the object out of a crashed instance; returns the
 * function that unregisters it. The reference to the cell is weak, because a strong one would keep
 * each unreleased object alive until the page ends.
 */
function copyOutBeforeRestarts<T extends Restorable>(
  cellRef: Pick<WeakRef<StateCell<T>>, "deref">,
): () => void {
  return onRestart(() => {
    const cell = cellRef.deref();
    if (cell) cell.state = copyOut(cell.state);
  });
}

/** The state after the bytes of a live object were copied out of a crashed wasm instance. */
function copyOut<T extends Restorable>(state: HandleState<T>): HandleState<T> {
  if (state.kind !== "live") return state;
  try {
    return { kind: "copied", bytes: state.owned.object!.toBytes() };
  } catch (cause) {
    return { kind: "lost", cause };
  }
}

/** The object in the current wasm instance, restored first if a crash left only its bytes. */
function liveObject<T extends Restorable>(cell: StateCell<T>, restore: Restore<T>): T {
  const { state } = cell;
  if (state.kind === "live") return state.owned.object!;
  if (state.kind !== "copied") {
    const isClosed = state.kind === "closed";
    throw new SageError(
      isClosed ? "closed" : "crashed",
      `The catalogue was ${isClosed ? "closed" : "lost in a crash"}: ` +
        "open it again with Catalogue.fetch or fromBytes.",
      isClosed ? {} : { cause: state.cause },
    );
  }
  const object = withCore((core) => restore(core, state.bytes));
  cell.state = { kind: "live", owned: new InstanceBound(object) };
  return object;
}
