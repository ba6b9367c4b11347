/** Places where answers are kept. */
import { digest } from "./digest.js";

/** A place for texts by key, which may lose any of them at any time. */
export interface AnswerStore {
  get(key: string): Promise<string | undefined>;
  /** Keeps the text for about so many seconds. */
  set(key: string, text: string, seconds: number): Promise<void>;
}

/** A store in memory, of the `most` newest answers. */
export function memoryAnswers(most = 1000): AnswerStore {
  const texts = new Map<string, string>();
  return {
    get: async (key) => texts.get(key),
    set: async (key, text) => {
      texts.delete(key);
      texts.set(key, text);
      if (texts.size > most) texts.delete(texts.keys().next().value!);
    },
  };
}

/** A store in the Cache API (`caches.default` in a Worker): one data centre's memory. The keys become addresses that nobody serves. */
export function cacheApiAnswers(cache: Pick<Cache, "match" | "put">): AnswerStore {
  const address = (key: string): string =>
    `https://answers.pocketsage.invalid/${encodeURIComponent(key)}`;
  return {
    get: async (key) => (await cache.match(address(key)))?.text(),
    set: (key, text, seconds) =>
      cache.put(
        address(key),
        new Response(text, { headers: { "cache-control": `max-age=${seconds}` } }),
      ),
  };
}

/** A store in Workers KV: everywhere, but slow to change (one write a second and key; kept for a minute at least). Its keys have 512 bytes at most. */
export function kvAnswers(namespace: {
  get(key: string): Promise<string | null>;
  put(key: string, text: string, options: { expirationTtl: number }): Promise<void>;
}): AnswerStore {
  const name = (key: string): Promise<string> => digest(new TextEncoder().encode(key));
  return {
    get: async (key) => (await namespace.get(await name(key))) ?? undefined,
    set: async (key, text, seconds) =>
      namespace.put(await name(key), text, { expirationTtl: Math.max(60, seconds) }),
  };
}

/** The first that has the answer gives it, and the ones before it are told. */
export function layeredAnswers(...stores: readonly AnswerStore[]): AnswerStore {
  return {
    get: async (key) => {
      for (const [place, store] of stores.entries()) {
        const text = await store.get(key).catch(() => undefined);
        if (text === undefined) continue;
        await Promise.all(
          stores
            .slice(0, place)
            .map((earlier) => earlier.set(key, text, 60).catch(() => undefined)),
        );
        return text;
      }
      return undefined;
    },
    set: async (key, text, seconds) =>
      void (await Promise.allSettled(stores.map((store) => store.set(key, text, seconds)))),
  };
}
