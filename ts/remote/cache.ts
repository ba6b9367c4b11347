/**
 * Answers kept by medoid, never by user: what one user's interest was answered serves the next user with the same medoid. Only queries by
 * item are kept. Fresh answers are used, stale ones where the engine fails, and the same medoid is asked for once at a time.
 */
import { checkAbort, checkKeys, checkPositive } from "../check.js";
import { type World, worldOf } from "./clock.js";
import { assemble } from "./engine.js";
import { partsOf } from "./resilience.js";
import type { Hit } from "../retrieve/types.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "./types.js";

/** A place for texts by key, which may lose any of them at any time. */
export interface AnswerStore {
  get(key: string): Promise<string | undefined>;
  /** Keeps the text for about so many seconds. */
  set(key: string, text: string, seconds: number): Promise<void>;
}

/** How answers are kept. */
export interface CacheOptions extends World {
  store: AnswerStore;
  /** Milliseconds an answer is fresh, less up to a fifth so that not all expire together. Default: 5 minutes. */
  fresh?: number;
  /** Milliseconds beyond that in which it may stand in for a failure. Default: a day. */
  stale?: number;
  /** Names the contents of the index: a new name forgets the answers of the old. Default: "". */
  version?: string;
}

/** What is kept: the hits, and until when they are fresh. */
interface Kept {
  hits: [item: string, score: number][];
  until: number;
}

/** Keeps the answers of `inner`. */
export function withCache(inner: RemoteRetriever, options: CacheOptions): RemoteRetriever {
  checkKeys("withCache", options, ["store", "fresh", "stale", "version", "now", "sleep", "random"]);
  const { store, version = "" } = options;
  const fresh = checkPositive("withCache: fresh", options.fresh ?? 300_000);
  const stale = checkPositive("withCache: stale", options.stale ?? 86_400_000);
  const { now, random } = worldOf(options);
  const flights = new Map<string, Promise<Answer>>();
  const keyOf = ({ item, count }: RemoteQuery): string => JSON.stringify([1, inner.identity, version, item, count]);

  const read = async (key: string): Promise<Kept | undefined> => {
    try {
      const text = await store.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as Kept);
    } catch {
      return undefined; // a cache that fails is a cache that has nothing
    }
  };
  const write = async (key: string, hits: readonly Hit[]): Promise<void> => {
    const kept: Kept = { hits: hits.map(({ item, score }) => [item, score]), until: now() + fresh * (1 - random() / 5) };
    await store.set(key, JSON.stringify(kept), Math.ceil((fresh + stale) / 1000)).catch(() => undefined);
  };

  const ask: RemoteRetriever["ask"] = async (queries, signal) => {
    checkAbort(signal);
    const keys = queries.map((query) => (query.item === undefined ? undefined : keyOf(query)));
    const kept = await Promise.all(keys.map((key) => (key === undefined ? undefined : read(key))));
    const time = now();
    const answers: (Answer | undefined)[] = kept.map((each) => (each && time < each.until ? answerFrom(each, "cache") : undefined));

    // Of the rest, those that somebody is asking for already are waited for; the others go out together, each once.
    const own = new Map<string | number, number>();
    const joined = new Map<number, Promise<Answer>>();
    answers.forEach((answer, place) => {
      if (answer) return;
      const key = keys[place];
      const flight = key === undefined ? undefined : flights.get(key);
      if (flight) joined.set(place, flight);
      else if (!own.has(key ?? place)) own.set(key ?? place, place);
    });
    const places = [...own.values()];
    if (places.length > 0) {
      // Others may wait for this flight, so it does not end with the signal of the one who began it.
      const shared = places.some((place) => keys[place] !== undefined);
      const flight = inner.ask(places.map((place) => queries[place]!), shared ? undefined : signal);
      places.forEach((place, index) => {
        const key = keys[place];
        const landed = flight.then(async (all) => {
          const answer = all[index]!;
          if (key !== undefined && answer.status === "ok") await write(key, answer.hits);
          return answer;
        });
        landed.catch(() => undefined);
        joined.set(place, landed);
        if (key === undefined) return;
        flights.set(key, landed);
        const end = (): boolean => flights.delete(key);
        landed.then(end, end);
      });
    }
    const waited = Promise.all(
      queries.map(async (_, place): Promise<Answer> => {
        if (answers[place]) return answers[place];
        const key = keys[place];
        const answer = await (joined.get(place) ?? joined.get(own.get(key ?? place)!)!);
        const old = kept[place];
        return answer.status === "error" && old && now() < old.until + stale ? answerFrom(old, "stale") : copy(answer);
      }),
    );
    return signal ? Promise.race([waited, ended(signal)]) : waited;
  };
  return assemble({ ...partsOf(inner), ask });
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
  const address = (key: string): string => `https://answers.pocketsage.invalid/${encodeURIComponent(key)}`;
  return {
    get: async (key) => (await cache.match(address(key)))?.text(),
    set: (key, text, seconds) => cache.put(address(key), new Response(text, { headers: { "cache-control": `max-age=${seconds}` } })),
  };
}

/** A store in Workers KV: everywhere, but slow to change (one write a second and key; kept for a minute at least). */
export function kvAnswers(namespace: {
  get(key: string): Promise<string | null>;
  put(key: string, text: string, options: { expirationTtl: number }): Promise<void>;
}): AnswerStore {
  return {
    get: async (key) => (await namespace.get(await digest(key))) ?? undefined,
    set: async (key, text, seconds) => namespace.put(await digest(key), text, { expirationTtl: Math.max(60, seconds) }),
  };
}

/** The first that has the answer gives it, and the ones before it are told. */
export function layeredAnswers(...stores: readonly AnswerStore[]): AnswerStore {
  return {
    get: async (key) => {
      for (const [place, store] of stores.entries()) {
        const text = await store.get(key).catch(() => undefined);
        if (text === undefined) continue;
        await Promise.all(stores.slice(0, place).map((earlier) => earlier.set(key, text, 60).catch(() => undefined)));
        return text;
      }
      return undefined;
    },
    set: async (key, text, seconds) => void (await Promise.allSettled(stores.map((store) => store.set(key, text, seconds)))),
  };
}

/** KV keys have 512 bytes at most. */
async function digest(key: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function answerFrom({ hits }: Kept, via: "cache" | "stale"): Answer {
  return { status: "ok", hits: hits.map(([item, score]) => ({ item, score })), via };
}

function copy(answer: Answer): Answer {
  return answer.status === "ok" ? { ...answer, hits: answer.hits.map((hit) => ({ ...hit })) } : answer;
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => {
      try {
        checkAbort(signal);
      } catch (error) {
        reject(error as Error);
      }
    };
    stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}
