/** A store in memory: the default, and the fallback where the browser refuses storage. */
import { concatenate } from "./concatenate.js";
import { type Store, withSegments } from "./store.js";
import { createWatchers } from "./watchers.js";

/** A store whose contents end with the page or process. */
export function memoryStore(): Store {
  // Every list of segments is an object of its own. A token also counts the segments.
  let list: Uint8Array[] = [];
  let token = { list, count: 0 };
  const { announce, watch } = createWatchers();
  const setList = (segments: Uint8Array[]): void => {
    list = segments;
    token = { list, count: segments.length };
    announce();
  };

  return withSegments(
    {
      load: async () => concatenate(list),
      save: async (bytes) => setList([new Uint8Array(bytes)]),
      clear: async () => setList([]),
      update: async (change) => {
        const bytes = change(concatenate(list));
        setList([new Uint8Array(bytes)]);
        return bytes;
      },
    },
    {
      async read(known) {
        const complete = (known as typeof token | undefined)?.list !== list;
        const start = complete ? 0 : (known as typeof token).count;
        return { segments: list.slice(start), token, complete };
      },
      async append(bytes, expected) {
        if (expected !== token) return undefined;
        list.push(bytes);
        token = { list, count: list.length };
        announce();
        return token;
      },
      async replace(bytes, expected) {
        if (expected !== token) return undefined;
        setList([bytes]);
        return token;
      },
      watch,
    },
  );
}
