/** The store that forgets: nothing outlives the page. The default, and what to fall back on where storage is refused. */
import type { Store } from "./store.js";

/** A store in memory. */
export function memoryStore(): Store {
  let kept: Uint8Array | undefined;
  return {
    load: async () => kept && new Uint8Array(kept),
    save: async (bytes) => void (kept = new Uint8Array(bytes)),
    clear: async () => void (kept = undefined),
    update: async (change) => new Uint8Array((kept = change(kept))),
  };
}
