/** A store in memory: the default, and the fallback where the browser refuses storage. */
import type { Store } from "./store.js";

/** A store whose contents end with the page or process. */
export function memoryStore(): Store {
  let stored: Uint8Array | undefined;
  return {
    load: async () => stored && new Uint8Array(stored),
    save: async (bytes) => void (stored = new Uint8Array(bytes)),
    clear: async () => void (stored = undefined),
    update: async (change) => new Uint8Array((stored = change(stored))),
  };
}
