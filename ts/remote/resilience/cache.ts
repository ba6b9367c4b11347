/**
 * Answers kept by medoid, never by user: what one user's interest was answered serves the next user with the same medoid. Only queries by
 * item are kept. Fresh answers are used, stale ones where the engine fails, and the same medoid is asked for once at a time.
 */
import { checkAbort, checkKeys, checkPositive } from "../../check.js";
import type { Hit } from "../../retriever.js";
import { unlessAborted } from "../abort.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { quantize5 } from "../vectors.js";
import type { AnswerStore } from "./answers.js";
import { digest } from "./digest.js";
import { RUNTIME_OPTIONS, type Runtime, runtimeOf } from "./runtime.js";
import { wrap } from "./wrap.js";

/** How answers are kept. */
export interface CacheOptions extends Runtime {
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
  checkKeys("withCache", options, ["store", "fresh", "stale", "version", ...RUNTIME_OPTIONS]);
  const { store, version = "" } = options;
  const fresh = checkPositive("withCache: fresh", options.fresh ?? 300_000);
  const stale = checkPositive("withCache: stale", options.stale ?? 86_400_000);
  const { now, random } = runtimeOf(options);
  const flights = new Map<string, Promise<Answer>>();
  // A vector that came along is part of the question: who sends a known item with a vector of their own changes nobody else's answer.
  const keyOf = async ({ item, vector, count }: RemoteQuery): Promise<string | undefined> =>
    item === undefined
      ? undefined
      : JSON.stringify([
          2,
          inner.identity,
          version,
          item,
          count,
          ...(vector ? [await digest(new Uint8Array(quantize5(vector).buffer))] : []),
        ]);

  const read = async (key: string): Promise<Kept | undefined> => {
    try {
      const text = await store.get(key);
      return text === undefined ? undefined : readKept(text);
    } catch {
      return undefined; // a cache that fails, or holds nonsense, is a cache that has nothing
    }
  };
  const write = async (key: string, hits: readonly Hit[]): Promise<void> => {
    const kept: Kept = {
      hits: hits.map(({ item, score }) => [item, score]),
      until: now() + fresh * (1 - random() / 5),
    };
    await store
      .set(key, JSON.stringify(kept), Math.ceil((fresh + stale) / 1000))
      .catch(() => undefined);
  };

  const ask: RemoteRetriever["ask"] = async (queries, signal) => {
    checkAbort(signal);
    const keys = await Promise.all(queries.map(keyOf));
    const kept = await Promise.all(keys.map((key) => (key === undefined ? undefined : read(key))));
    const time = now();
    // One that would be fresh for longer than any is was written by somebody whose clock is ahead.
    const isFresh = ({ until }: Kept): boolean => time < until && until <= time + fresh;
    const answers: (Answer | undefined)[] = kept.map((each) =>
      each && isFresh(each) ? answerFrom(each, "cache") : undefined,
    );

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
      const flight = inner.ask(
        places.map((place) => queries[place]!),
        shared ? undefined : signal,
      );
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
        return answer.status === "error" && old && now() < old.until + stale
          ? answerFrom(old, "stale")
          : copy(answer);
      }),
    );
    return unlessAborted(waited, signal);
  };
  return wrap(inner, { ask });
}

function readKept(text: string): Kept | undefined {
  const { hits, until } = JSON.parse(text) as Kept;
  const sound = hits.every(
    (hit) => typeof hit[0] === "string" && hit[0] !== "" && Number.isFinite(hit[1]),
  );
  return sound && Number.isFinite(until) ? { hits, until } : undefined;
}

function answerFrom({ hits }: Kept, via: "cache" | "stale"): Answer {
  return { status: "ok", hits: hits.map((hit) => ({ item: hit[0], score: hit[1] })), via };
}

function copy(answer: Answer): Answer {
  return answer.status === "ok"
    ? { ...answer, hits: answer.hits.map((hit) => ({ ...hit })) }
    : answer;
}
