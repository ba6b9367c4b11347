/**
 * Caches of the parts of a catalogue: in memory, and in the Cache API of browsers and workerd. Both
 * hold verified parts only, and a part from the Cache API is verified again.
 */
import { nameOfUrl } from "../../values/url.js";

/** Name of the cache in CacheStorage. */
const CACHE_NAME = "pocketsage-ranges";
/** Keys are URLs, as the Cache API expects; nothing is requested from this host. */
const KEY_ORIGIN = "https://ranges.invalid";

/** State of the Cache API: "off" if it is absent or not wanted. */
export type CacheState = "off" | "on" | "refused" | "full";

/** A cache of parts of a file (a block, the payloads of a block, a section) by name. */
export interface PartCache {
  readonly state: CacheState;
  /** Bytes in memory. */
  readonly bytes: number;
  /** Whether a part is expected to be in one of the caches. */
  has(part: string): boolean;
  /** As `has`, but true for all parts if the Cache API is on and cannot list its keys. */
  mayHave(part: string): boolean;
  /** Whether a part is in memory. */
  isInMemory(part: string): boolean;
  get(part: string): Promise<Uint8Array | undefined>;
  /** Stores a verified part in memory. */
  remember(part: string, bytes: Uint8Array): void;
  /** Stores a part; `inMemory`: false for one that is in memory elsewhere. */
  put(part: string, bytes: Uint8Array, inMemory?: boolean): void;
  drop(part: string): void;
  /** Deletes the parts in memory, and keeps those of reads that are under way out of it. */
  close(): void;
}

/**
 * Opens the caches of a file. `version` identifies its bytes; `memoryBytes` bounds the bytes in
 * memory, of which those used longest ago are dropped; `persistent` allows the Cache API.
 */
export async function openPartCache(
  name: string,
  version: string,
  memoryBytes: number,
  persistent: boolean,
): Promise<PartCache> {
  const memory = new Map<string, Uint8Array>();
  // Without its query, which can be a signature: a file whose address is signed anew keeps its
  // parts, and one whose version is in the query replaces them, because `version` is of its bytes.
  const filePrefix = `${KEY_ORIGIN}/${encodeURIComponent(nameOfUrl(name))}/`;
  const keyOf = (part: string): string => `${filePrefix}${version}/${part}`;
  let state: CacheState = "off";
  let bytes = 0;
  let isClosed = false;
  let cache: Cache | undefined;
  if (persistent && "caches" in globalThis) {
    // Refused in private windows; in sandboxed frames, the getter throws. Searches work without it.
    cache = await attempt(() => caches.open(CACHE_NAME)).catch(() => undefined);
    state = cache ? "on" : "refused";
  }
  const listedParts = await listParts(cache, filePrefix, keyOf(""));
  const storedParts = listedParts ?? new Set<string>();
  const remember = (part: string, content: Uint8Array): void => {
    if (isClosed || content.length > memoryBytes) return;
    forget(part);
    memory.set(part, content);
    bytes += content.length;
    for (const [oldest, { length }] of memory) {
      if (bytes <= memoryBytes) break;
      memory.delete(oldest);
      bytes -= length;
    }
  };
  const readStored = async (part: string): Promise<Uint8Array | undefined> => {
    const response = await cache?.match(keyOf(part));
    return response && new Uint8Array(await response.arrayBuffer());
  };
  const forget = (part: string): void => {
    bytes -= memory.get(part)?.length ?? 0;
    memory.delete(part);
  };
  return {
    get state() {
      return state;
    },
    get bytes() {
      return bytes;
    },
    has: (part) => memory.has(part) || storedParts.has(part),
    mayHave: (part) => listedParts === undefined || memory.has(part) || storedParts.has(part),
    isInMemory: (part) => memory.has(part),
    remember,
    async get(part) {
      const inMemory = memory.get(part);
      if (inMemory) {
        memory.delete(part);
        memory.set(part, inMemory);
        return inMemory;
      }
      const content = await readStored(part).catch(() => undefined);
      if (!content) storedParts.delete(part);
      return content;
    },
    put(part, content, inMemory = true) {
      if (inMemory) remember(part, content);
      if (!cache || state !== "on") return;
      attempt(async () => cache?.put(keyOf(part), new Response(content as Uint8Array<ArrayBuffer>)))
        .then(() => storedParts.add(part))
        .catch((error: { name?: string }) => {
          state = error?.name === "QuotaExceededError" ? "full" : "refused";
        });
    },
    drop(part) {
      forget(part);
      storedParts.delete(part);
      attempt(async () => cache?.delete(keyOf(part))).catch(() => undefined);
    },
    close() {
      isClosed = true;
      memory.clear();
      bytes = 0;
    },
  };
}

/** Calls a method of the Cache API, which rejects, or throws, as `keys` of workerd. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

/**
 * The names of the stored parts of this version of a file, from their keys. Parts of its other
 * versions are deleted. Undefined where the Cache API does not list keys, as in workerd.
 */
async function listParts(
  cache: Cache | undefined,
  filePrefix: string,
  versionPrefix: string,
): Promise<Set<string> | undefined> {
  if (!cache) return new Set();
  const keys = await attempt(() => cache.keys()).catch(() => undefined);
  if (!keys) return undefined;
  const parts = new Set<string>();
  for (const { url } of keys) {
    if (url.startsWith(versionPrefix)) parts.add(url.slice(versionPrefix.length));
    else if (url.startsWith(filePrefix))
      await attempt(() => cache.delete(url)).catch(() => undefined);
  }
  return parts;
}
