/**
 * Loads the wasm and calls it. No other file but the entries imports generated code.
 *
 * Importing this file has no effect. `init()` is idempotent, concurrent calls share one load, and
 * after a failed load the next call tries again. After a trap the wasm instance is replaced, so
 * that a crash fails one call only.
 */

import { asSageError, fromCoreError, SageError } from "../errors.js";
import initWasm, * as generated from "../wasm/core.js";
import type { Core } from "./interface.js";

/**
 * Where the wasm comes from: its address, a response, its bytes or a compiled module. Cloudflare
 * Workers accept only a `WebAssembly.Module`.
 */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let resolveSource: ((given?: WasmSource) => WasmSource | Promise<WasmSource>) | undefined;
let loading: Promise<void> | undefined;
let loaded: Core | undefined;
const restartCallbacks = new Set<() => void>();

/** Loads the wasm, from `source` or the platform's default. Rejects "not-ready" on failure. */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  if (loaded) return Promise.resolve();
  loading ??= load(source).finally(() => (loading = undefined));
  return loading;
}

/**
 * Sets how the platform turns the source given to `init`, if any, into one that can be loaded.
 * Each entry (ts/entry/) calls it once.
 */
export function setWasmSource(
  resolve: (given?: WasmSource) => WasmSource | Promise<WasmSource>,
): void {
  resolveSource = resolve;
}

/**
 * Calls `use` with the core and returns its result. Errors of the core are thrown as SageErrors;
 * a trap also replaces the wasm instance. Throws "not-ready" before `init()` has resolved.
 */
export function withCore<T>(use: (core: Core) => T): T {
  if (!loaded) {
    throw new SageError(
      "not-ready",
      "The wasm is not loaded: `await init()` once before calling cluster, ward, buildProfile, " +
        "blend or project.",
    );
  }
  try {
    return use(loaded);
  } catch (error) {
    const sageError = fromCoreError(error);
    if (sageError.code === "crashed") restart(loaded);
    throw sageError;
  }
}

/**
 * Registers a callback that runs before a crashed instance is replaced, while its memory is still
 * readable. Returns a function that unregisters it.
 */
export function onRestart(callback: () => void): () => void {
  restartCallbacks.add(callback);
  return () => void restartCallbacks.delete(callback);
}

async function load(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  try {
    const given = await source;
    if (!resolveSource && given === undefined)
      throw new Error("no source is set: import the package by its name, or pass one to init()");
    await initWasm({ module_or_path: await (resolveSource ? resolveSource(given) : given!) });
  } catch (error) {
    throw asSageError(error, "not-ready", "The wasm could not be loaded (call again to retry)");
  }
  loaded = generated;
}

function restart(crashed: Core): void {
  for (const callback of restartCallbacks) callback();
  crashed.restart(true);
  // The generated code replaces the instance at the next call, after that call's arguments were
  // written into the old memory. So the call that replaces it must pass none.
  crashed.restart(false);
}
