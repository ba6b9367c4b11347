/**
 * Loads the wasm and calls it. Only this file and the entries (ts/entry/) import generated code.
 *
 * Importing this file has no effect. `init()` is idempotent, concurrent calls share one load, and
 * after a failed load the next call tries again. After a trap the wasm instance is replaced, so
 * that a crash fails one call only. An object of the core belongs to the instance that created it
 * ({@link InstanceBound}).
 */

import { asSageError, fromCoreError, isSageError, SageError } from "../errors.js";
import { nameOfUrl } from "../values/url.js";
import initWasm, {
  bytesPerAction,
  CoreBuilder,
  CoreCatalogue,
  CoreLoader,
  CoreSession,
  checksum,
  cluster,
  initSync,
  limits,
  mix,
  nearest,
  pick,
  profile,
  project,
  provideMemory,
  restart,
  ward,
} from "../wasm/core.js";
import type { Core } from "./interface.js";

/**
 * Where the wasm comes from: its address, a response, its bytes or a compiled module. Cloudflare
 * Workers accept only a `WebAssembly.Module`.
 */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** The exports of the wasm. An object of its own: bundlers make a larger one of `import *`. */
const core: Core = {
  bytesPerAction,
  CoreBuilder,
  CoreCatalogue,
  CoreLoader,
  CoreSession,
  checksum,
  cluster,
  limits,
  mix,
  nearest,
  pick,
  profile,
  project,
  ward,
};

/** Turns the source given to `init`, if any, into one that can be loaded on this platform. */
let resolveSource: ((given?: WasmSource) => WasmSource | Promise<WasmSource>) | undefined;
let loadingPromise: Promise<void> | undefined;
let loadedCore: Core | undefined;
/** Number of the current wasm instance: 0 for the first; each replacement adds 1. */
let instanceNumber = 0;
/** Whether the current wasm instance has crashed and was not replaced yet. */
let isCrashed = false;
/** Called before a crashed wasm instance is replaced. */
const restartCallbacks = new Set<() => void>();

/**
 * Loads the wasm, from `source` or the platform's default. Rejects with code "not-ready" on
 * failure.
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  if (loadedCore) return Promise.resolve();
  loadingPromise ??= load(source).finally(() => (loadingPromise = undefined));
  return loadingPromise;
}

/**
 * Sets how the platform turns the source given to `init`, if any, into one that can be loaded.
 * Each entry (ts/entry/) calls it once.
 */
export function setWasmSourceResolver(
  resolve: (given?: WasmSource) => WasmSource | Promise<WasmSource>,
): void {
  resolveSource = resolve;
}

/**
 * Calls `use` with the core and returns its result. Errors of the core are thrown as SageErrors. A
 * wasm trap throws code "memory" if memory was exhausted, else "crashed", and replaces the wasm
 * instance. Throws code "not-ready" before `init()` has resolved.
 */
export function withCore<T>(use: (core: Core) => T): T {
  if (!loadedCore) {
    throw new SageError(
      "not-ready",
      "The wasm is not loaded: `await init()` once before calling cluster, ward, buildProfile or " +
        "project.",
    );
  }
  if (isCrashed) replaceInstance();
  const instanceAtStart = instanceNumber;
  try {
    return use(loadedCore);
  } catch (error) {
    const isMemoryExhausted = takeExhaustedFlag();
    if (isSageError(error)) throw error;
    const sageError = fromCoreError(error) ?? toTrapError(error, isMemoryExhausted);
    // A nested `withCore` call within `use` may have replaced the instance already.
    if (!fromCoreError(error) && instanceAtStart === instanceNumber) {
      isCrashed = true;
      try {
        replaceInstance();
      } catch {
        // The next call tries again to replace the instance.
      }
    }
    throw sageError;
  }
}

/**
 * Calls `task`, which prepares later calls, when the page is idle; at once where the platform has
 * no `requestIdleCallback`. Errors of `task` are ignored: the calls report their own.
 */
export function whenIdle(task: () => void): void {
  const { requestIdleCallback = (run: () => void) => run() } = globalThis as Partial<
    Pick<Window, "requestIdleCallback">
  >;
  requestIdleCallback(() => {
    try {
      task();
    } catch {
      // Memory is exhausted, or the core crashed and was replaced.
    }
  });
}

/** An object of the core, which is valid only in the wasm instance that created it. */
export class InstanceBound<T extends { free(): void }> {
  #object: T | undefined;
  readonly #instanceNumber = instanceNumber;

  /** Takes ownership of an object that the current wasm instance created. */
  constructor(object: T) {
    this.#object = object;
  }

  /** The object; undefined after it was freed or its wasm instance was replaced. */
  get object(): T | undefined {
    return this.#instanceNumber === instanceNumber ? this.#object : undefined;
  }

  /** Frees the object, unless its instance crashed: that memory is freed as a whole. Idempotent. */
  free(): void {
    const { object } = this;
    this.#object = undefined;
    if (object && !isCrashed) withCore(() => object.free());
  }
}

/**
 * Registers a callback that runs before a crashed wasm instance is replaced, while its memory can
 * still be read. Returns a function that unregisters the callback.
 */
export function onRestart(callback: () => void): () => void {
  restartCallbacks.add(callback);
  return () => void restartCallbacks.delete(callback);
}

/**
 * Replaces the crashed wasm instance. Throws code "memory" if a new one does not fit into memory;
 * the next `withCore` call then tries again.
 */
function replaceInstance(): void {
  for (const callback of restartCallbacks) callback();
  try {
    restart();
  } catch (error) {
    throw toTrapError(error, true);
  }
  instanceNumber += 1;
  isCrashed = false;
}

/** Whether the wasm memory failed to grow since the last call of this function. */
function takeExhaustedFlag(): boolean {
  // `initSync` returns the exports of the current instance. scripts/lib/traps.mjs adds the wasm
  // global `exhausted` to them: 1 after the memory failed to grow.
  const { exhausted } = (
    initSync as () => unknown as () => {
      exhausted: { value: number };
    }
  )();
  const { value } = exhausted;
  exhausted.value = 0;
  return value !== 0;
}

/** The SageError for an error that the core did not return: a wasm trap or a failed allocation. */
function toTrapError(error: unknown, isMemoryExhausted: boolean): SageError {
  const reason = String((error as Partial<Error> | undefined)?.message ?? error);
  // JavaScript throws a RangeError for a failed array allocation, and also for a stack overflow.
  if (isMemoryExhausted || (error instanceof RangeError && !/stack/i.test(reason))) {
    return new SageError(
      "memory",
      `There is not enough memory (${reason}). Pass fewer vectors, lower maxActions, use a ` +
        "compact catalogue, or close unused catalogues and sages. Recorded actions are kept.",
      { cause: error },
    );
  }
  return new SageError(
    "crashed",
    `The core stopped with "${reason}". This is a bug in pocketsage. ` +
      "Call again: a new instance is ready, and recorded actions are kept.",
    { cause: error },
  );
}

async function load(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  let wasm: WasmSource | undefined;
  try {
    wasm = await source;
    if (!resolveSource && wasm === undefined)
      throw new Error("no source is set: import the package by its name, or pass one to init()");
    if (resolveSource) wasm = await resolveSource(wasm);
    await initWasm(wasm!);
  } catch (error) {
    const remedy = isCompilationForbidden(error)
      ? "The Content-Security-Policy must allow script-src 'wasm-unsafe-eval' and connect-src " +
        "of the file; Cloudflare Workers need a compiled module"
      : (isNotWasm(error) ? "that is not wasm, perhaps a web page; " : "") +
        'serve pocketsage/core.wasm there, or import "pocketsage/inline", which needs no file; ' +
        "call again to retry";
    const from = typeof wasm === "string" || wasm instanceof URL ? ` from ${nameOfUrl(wasm)}` : "";
    throw asSageError(error, "not-ready", `The wasm could not be loaded${from} (${remedy})`);
  }
  loadedCore = core;
  whenIdle(() => withCore(provideMemory));
}

/**
 * Whether an error means that the platform forbids compiling wasm; error texts differ by platform.
 */
function isCompilationForbidden(error: unknown): boolean {
  return /unsafe-eval|\bCSP\b|Content.Security|disallowed/i.test(String(error));
}

/** Whether bytes were compiled that are not wasm; error texts differ by platform. */
function isNotWasm(error: unknown): boolean {
  return /magic|\\0asm/i.test(String(error));
}
