/** A store in memory: the default, and the fallback where the browser refuses storage. */
import { checkBytes, checkFunction } from "../values/check.js";
import { concatenate } from "./concatenate.js";
import { type Store, withSegments } from "./store.js";
import { createWatchers } from "./watchers.js";

/** A store whose contents end with the page or process. */
export function memoryStore(): Store {
  // Each replacement makes a new array, so a token is the array and its number of segments.
  let segmentList: Uint8Array[] = [];
  let token = { list: segmentList, count: 0 };
  const { announce, watch } = createWatchers();
  const setList = (segments: Uint8Array[]): void => {
    segmentList = segments;
    token = { list: segmentList, count: segments.length };
    announce();
  };

  return withSegments(
    {
      load: async () => concatenate(segmentList),
      save: async (bytes) => setList([new Uint8Array(checkBytes("memoryStore", bytes))]),
      clear: async () => setList([]),
      update: async (change) => {
        checkFunction("update", change);
        const bytes = change(concatenate(segmentList));
        setList([new Uint8Array(checkBytes("memoryStore", bytes))]);
        return bytes;
      },
    },
    {
      async read(lastToken) {
        const isWholeList = (lastToken as typeof token | undefined)?.list !== segmentList;
        const start = isWholeList ? 0 : (lastToken as typeof token).count;
        return { segments: segmentList.slice(start), token, complete: isWholeList };
      },
      async append(bytes, expected) {
        if (expected !== token) return undefined;
        segmentList.push(bytes);
        token = { list: segmentList, count: segmentList.length };
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
