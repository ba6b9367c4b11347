/**
 * Loading the wasm, and the only import of generated code.
 *
 * Nothing happens at import time. `init()` is idempotent, concurrent calls share one load, and a failed load is forgotten so that the next
 * call tries again. After a trap the instance is replaced, so that one crash is one failed call.
 */

import { asSageError, fromCoreError, SageError } from "../errors.js";
import initWasm, * as generated from "../wasm/core.js";
import type { Core } from "./interface.js";

/** Where the wasm may come from. In Cloudflare Workers only a `WebAssembly.Module` will do. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let resolveSource: ((given?: WasmSource) => WasmSource | Promise<WasmSource>) | undefined;
let loading: Promise<void> | undefined;
let loaded: Core | undefined;
const restartCallbacks = new Set<() => void>();

/** Loads the wasm. Rejects with "not-ready" when it cannot be loaded; a later call tries again. */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  if (loaded) return Promise.resolve();
  loading ??= load(source).finally(() => (loading = undefined));
  return loading;
}

/** Called once by the entry of each platform: how it finds the bytes, or makes a source that was given to `init` loadable. */
export function setWasmSource(
  find: (given?: WasmSource) => WasmSource | Promise<WasmSource>,
): void {
  resolveSource = find;
}

/** Asks the core something. Its errors come out as SageErrors; a trap replaces the instance. Throws "not-ready" before `init()`. */
export function withCore<T>(question: (core: Core) => T): T {
  if (!loaded) {
    throw new SageError(
      "not-ready",
      "The wasm is not loaded: `await init()` once before calling cluster, ward, buildProfile, blend or project.",
    );
  }
  try {
    return question(loaded);
  } catch (error) {
    const known = fromCoreError(error);
    if (known.code === "crashed") restart(loaded);
    throw known;
  }
}

/** Registers what must be carried out of a crashed instance while its memory can still be read. Returns the way to unregister. */
export function onRestart(rescue: () => void): () => void {
  restartCallbacks.add(rescue);
  return () => void restartCallbacks.delete(rescue);
}

async function load(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  try {
    const given = await source;
    if (!resolveSource && given === undefined)
      throw new Error("no source is known: import the package by its name, or pass one to init()");
    await initWasm({ module_or_path: await (resolveSource ? resolveSource(given) : given!) });
  } catch (error) {
    throw asSageError(error, "not-ready", "The wasm could not be loaded (call again to retry)");
  }
  loaded = generated;
}

function restart(crashed: Core): void {
  for (const rescue of restartCallbacks) rescue();
  crashed.restart(true);
  // The fresh instance is made by the next call, after that call has written its arguments into the old one: hence a call without any.
  crashed.restart(false);
}
