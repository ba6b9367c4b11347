/** Stores for cached answers. */
import { checkInteger, checkMethods } from "../../values/check.js";
import { digest } from "./digest.js";

/** A key-value store of strings. Entries may disappear at any time. Used by `withCache`. */
export interface AnswerStore {
  /** The stored string, or undefined. A rejection counts as undefined. */
  get(key: string): Promise<string | undefined>;
  /** Store a string for about `seconds`. A rejection is ignored. */
  set(key: string, text: string, seconds: number): Promise<void>;
}

/** A store in memory with the `maxEntries` last written answers. Expiry times are ignored. */
export function memoryAnswers(maxEntries = 1000): AnswerStore {
  checkInteger("memoryAnswers", maxEntries, 0);
  const textByKey = new Map<string, string>();
  return {
    get: async (key) => textByKey.get(key),
    set: async (key, text) => {
      textByKey.delete(key);
      textByKey.set(key, text);
      if (textByKey.size > maxEntries) textByKey.delete(textByKey.keys().next().value!);
    },
  };
}

/**
 * A store in the Cache API (`caches.default` in a Worker), shared within one data centre. Keys
 * become URLs of a reserved host that does not exist.
 */
export function cacheApiAnswers(cache: Pick<Cache, "match" | "put">): AnswerStore {
  checkMethods("cacheApiAnswers", cache, ["match", "put"]);
  const urlOf = (key: string): string =>
    `https://answers.pocketsage.invalid/${encodeURIComponent(key)}`;
  return {
    get: async (key) => (await cache.match(urlOf(key)))?.text(),
    set: (key, text, seconds) =>
      cache.put(
        urlOf(key),
        new Response(text, { headers: { "cache-control": `max-age=${seconds}` } }),
      ),
  };
}

/**
 * A store in Workers KV: global, with at most one write per second and key, and a lifetime of at
 * least 60 seconds. Keys are hashed, because KV limits them to 512 bytes.
 */
export function kvAnswers(namespace: {
  get(key: string): Promise<string | null>;
  put(key: string, text: string, options: { expirationTtl: number }): Promise<void>;
}): AnswerStore {
  checkMethods("kvAnswers", namespace, ["get", "put"]);
  const hashedKey = (key: string): Promise<string> => digest(new TextEncoder().encode(key));
  return {
    get: async (key) => (await namespace.get(await hashedKey(key))) ?? undefined,
    set: async (key, text, seconds) =>
      namespace.put(await hashedKey(key), text, { expirationTtl: Math.max(60, seconds) }),
  };
}

/**
 * Several stores as one, nearest first. `get` returns the first value found and copies it, for 60
 * seconds, to the stores before; `set` writes to all. Failing stores are skipped.
 */
export function layeredAnswers(...stores: readonly AnswerStore[]): AnswerStore {
  for (const store of stores) checkMethods("layeredAnswers", store, ["get", "set"]);
  return {
    get: async (key) => {
      for (const [index, store] of stores.entries()) {
        const text = await store.get(key).catch(() => undefined);
        if (text === undefined) continue;
        await Promise.all(
          stores.slice(0, index).map((nearer) => nearer.set(key, text, 60).catch(() => undefined)),
        );
        return text;
      }
      return undefined;
    },
    async set(key, text, seconds) {
      await Promise.allSettled(stores.map((store) => store.set(key, text, seconds)));
    },
  };
}
