/** The store that forgets: nothing outlives the page. The default, and what to fall back on where storage is refused. */
import type { Store } from "./types.js";

/** A store in memory. */
export function memoryStore(): Store {
  let kept: Uint8Array | undefined;
  return {
    load: async () => kept?.slice(),
    save: async (bytes) => void (kept = bytes.slice()),
    clear: async () => void (kept = undefined),
    update: async (change) => (kept = change(kept)).slice(),
  };
}
