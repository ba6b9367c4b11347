/**
 * What stands between an engine and the people who wait for it. Each wrapper takes a retriever and gives one; `resilient` puts them together.
 * They work query by query: only what failed is asked again, only what nobody else could answer is a failure.
 */
import { checkAbort, checkKeys, checkPositive, checkWhole } from "../check.js";
import type { Catalogue } from "../catalogue.js";
import { isSageError, SageError } from "../errors.js";
import type { ItemId } from "../types.js";
import { type CacheOptions, withCache } from "./cache.js";
import { type World, worldOf } from "./clock.js";
import { assemble, checkQueries, type Parts, unexpected } from "./engine.js";
import { isPassing, RetrievalError } from "./failure.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "./types.js";

const WORLD = ["now", "sleep", "random"];

/** `inner` with another way to ask. */
function wrap(inner: RemoteRetriever, ask: RemoteRetriever["ask"]): RemoteRetriever {
  return assemble({ ...partsOf(inner), ask });
}

/** The parts of a retriever, without the function that it is. */
export function partsOf({ engine, identity, capabilities, ask, vectors, outbound }: RemoteRetriever): Parts {
  return { engine, identity, capabilities, ask, vectors, outbound };
}

/** Gives up after so many milliseconds: each query that has no answer by then has a "timeout" (or whatever `reason` says). */
export function withTimeout(inner: RemoteRetriever, milliseconds: number, reason: "timeout" | "deadline" = "timeout", world: World = {}): RemoteRetriever {
  checkPositive(`${inner.engine}: ${reason}`, milliseconds);
  const { sleep } = worldOf(world);
  return wrap(inner, async (queries, signal) => {
    const stop = new AbortController();
    const end = (): void => stop.abort(signal?.reason);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
    const over = Symbol("over");
    const clock = new AbortController();
    try {
      const late = sleep(milliseconds, clock.signal).then(
        () => over,
        () => new Promise<never>(() => undefined),
      );
      const asked = inner.ask(queries, stop.signal);
      asked.catch(() => undefined); // it may fail after nobody waits for it
      const first = await Promise.race([asked, late, aborted(signal)]);
      if (first !== over) return first as Answer[];
      const error = new RetrievalError(reason, `${inner.engine} did not answer within ${milliseconds} ms.`);
      return queries.map((): Answer => ({ status: "error", error }));
    } finally {
      clock.abort();
      signal?.removeEventListener("abort", end);
      stop.abort();
    }
  });
}

/** How often and how soon to try again. */
export interface RetryOptions extends World {
  /** Further tries. Default: 2. */
  retries?: number;
  /** Milliseconds: the wait before try n is anything up to `base` 2^n ("full jitter"). Default: 100. */
  base?: number;
  /** The longest wait, and the longest that an engine's Retry-After is honoured; beyond that the query fails. Default: 2,000. */
  most?: number;
}

/** Asks again for the queries that failed in passing: nobody answered, in time or at all, or said 408, 429 or 5xx. */
export function withRetry(inner: RemoteRetriever, options: RetryOptions = {}): RemoteRetriever {
  checkKeys("withRetry", options, ["retries", "base", "most", ...WORLD]);
  const retries = checkWhole("withRetry: retries", options.retries ?? 2, 0);
  const base = checkPositive("withRetry: base", options.base ?? 100);
  const most = checkPositive("withRetry: most", options.most ?? 2000);
  const { sleep, random } = worldOf(options);
  return wrap(inner, async (queries, signal) => {
    const answers = await inner.ask(queries, signal);
    for (let tried = 0; tried < retries; tried += 1) {
      const failed = placesOf(answers, (answer) => answer.status === "error" && isPassing(answer.error));
      if (failed.length === 0) break;
      const asked = Math.max(...failed.map((place) => retryAfter(answers[place]!)));
      if (asked > most) break;
      await sleep(Math.max(asked, random() * Math.min(most, base * 2 ** tried)), signal);
      await fill(answers, failed, queries, inner, signal);
    }
    return answers;
  });
}

/** When to stop asking an engine that fails. */
export interface BreakerOptions extends World {
  /** Failures in a row that open it. Default: 5. */
  failures?: number;
  /** Milliseconds until one call is let through again to see. Default: 10,000. */
  cooldown?: number;
  /** What it knows, where several retrievers of one engine are to know the same: in a Worker, one for each request. */
  state?: BreakerState;
}

/** Failures in a row, until when nobody is asked, and until when somebody is trying. Plain numbers. */
export interface BreakerState {
  inRow: number;
  openUntil: number;
  tryingUntil: number;
}

/** A breaker that has seen nothing yet. */
export function breakerState(): BreakerState {
  return { inRow: 0, openUntil: 0, tryingUntil: 0 };
}

/** After some failures in a row nobody is asked for a while: queries fail at once with "open". Then one call tries, and closes it if it succeeds. */
export function withBreaker(inner: RemoteRetriever, options: BreakerOptions = {}): RemoteRetriever {
  checkKeys("withBreaker", options, ["failures", "cooldown", "state", ...WORLD]);
  const failures = checkWhole("withBreaker: failures", options.failures ?? 5);
  const cooldown = checkPositive("withBreaker: cooldown", options.cooldown ?? 10_000);
  const { now } = worldOf(options);
  const state = options.state ?? breakerState();
  return wrap(inner, async (queries, signal) => {
    const open = state.inRow >= failures;
    if (open && now() < Math.max(state.openUntil, state.tryingUntil)) {
      const wait = Math.max(0, Math.ceil(state.openUntil - now()));
      const error = new RetrievalError("open", `${inner.engine} failed ${state.inRow} times in a row and is left alone for another ${wait} ms.`);
      return queries.map((): Answer => ({ status: "error", error }));
    }
    // The one that tries may never come back (its request was cancelled), so it has a time and not a flag.
    if (open) state.tryingUntil = now() + cooldown;
    const answers = await inner.ask(queries, signal);
    const bad = answers.length > 0 && answers.every((answer) => answer.status === "error" && isPassing(answer.error));
    state.inRow = bad ? state.inRow + 1 : 0;
    state.tryingUntil = 0;
    if (state.inRow >= failures) state.openUntil = now() + cooldown;
    return answers;
  });
}

/** Whoever comes first answers; the queries that failed there, or were not found, are asked of the next, and so on. Vectors likewise. */
export function withFallback(first: RemoteRetriever, ...others: readonly RemoteRetriever[]): RemoteRetriever {
  return assemble({
    ...partsOf(first),
    ask: async (queries, signal) => {
      const answers = await first.ask(queries, signal);
      for (const other of others) {
        const failed = placesOf(answers, (answer) => answer.status !== "ok");
        if (failed.length === 0) break;
        await fill(answers, failed, queries, other, signal, true);
      }
      return answers;
    },
    vectors: async (items, signal) => {
      const found: (Float32Array | undefined)[] = items.map(() => undefined);
      let failure: unknown;
      for (const source of [first, ...others]) {
        const places = items.flatMap((_, place) => (found[place] ? [] : [place]));
        if (places.length === 0) break;
        try {
          const vectors = await source.vectors(places.map((place) => items[place]!), signal);
          places.forEach((place, index) => (found[place] = vectors[index]));
        } catch (error) {
          checkAbort(signal);
          failure ??= error;
        }
      }
      // Unknown to those that answered is not unknown to the one that did not.
      if (failure !== undefined && found.includes(undefined)) throw failure;
      return found;
    },
  });
}

/** The local catalogue, to fall back on: it answers what it knows the item of, or has the vector of. */
export function localRetriever(catalogue: Catalogue): RemoteRetriever {
  const vectorOf = ({ item, vector }: RemoteQuery): Float32Array | undefined => vector ?? (item === undefined ? undefined : catalogue.vector(item));
  return assemble({
    engine: "catalogue",
    identity: JSON.stringify(["catalogue", catalogue.hash]),
    capabilities: { byId: "native", batch: true, maxK: catalogue.size, idKind: "string", filter: "none" },
    ask: async (queries, signal) => {
      checkQueries("catalogue", queries, catalogue.dim);
      checkAbort(signal);
      return queries.map((query): Answer => {
        const vector = vectorOf(query);
        if (!vector) return { status: "not-found" };
        const exclude = query.item === undefined ? [] : [query.item];
        return { status: "ok", hits: catalogue.search(vector, { count: query.count, exclude }), via: "local" };
      });
    },
    vectors: async (items: readonly ItemId[]) => items.map((item) => catalogue.vector(item)),
    outbound: () => [],
  });
}

/** {@link resilient}'s parts, each with its own defaults. */
export interface ResilientOptions extends World {
  /** Milliseconds for one try. Default: 2,000. */
  timeout?: number;
  /** Milliseconds for everything, retries included. Default: 5,000. */
  deadline?: number;
  retry?: Omit<RetryOptions, keyof World>;
  breaker?: Omit<BreakerOptions, keyof World>;
  /** Answers kept by medoid. Default: none are. */
  cache?: Omit<CacheOptions, keyof World>;
  /** Who answers what the engine cannot. */
  fallback?: RemoteRetriever;
}

/** An engine as one should ask it: cache, deadline, retries, breaker, a time for each try, and somebody to fall back on. */
export function resilient(engine: RemoteRetriever, options: ResilientOptions = {}): RemoteRetriever {
  checkKeys("resilient", options, ["timeout", "deadline", "retry", "breaker", "cache", "fallback", ...WORLD]);
  const { timeout = 2000, deadline = 5000, retry, breaker, cache, fallback, ...world } = options;
  const once = withBreaker(withTimeout(engine, timeout, "timeout", world), { ...breaker, ...world });
  const tried = withTimeout(withRetry(once, { ...retry, ...world }), deadline, "deadline", world);
  const kept = cache ? withCache(tried, { ...cache, ...world }) : tried;
  const answered = fallback ? withFallback(kept, fallback) : kept;
  return wrap(answered, async (queries, signal) => {
    checkQueries(engine.engine, queries, undefined); // also where nobody gets to see them: a wrong query is not a failure of the engine
    return answered.ask(queries, signal);
  });
}

/** Asks `from` for these places, and puts in what is better than what is there. */
async function fill(
  answers: Answer[],
  places: readonly number[],
  queries: readonly RemoteQuery[],
  from: RemoteRetriever,
  signal: AbortSignal | undefined,
  onlyBetter = false,
): Promise<void> {
  const again = await asked(from, places.map((place) => queries[place]!), signal);
  places.forEach((place, index) => {
    const answer = again[index]!;
    if (!onlyBetter || answer.status === "ok") answers[place] = answer;
  });
}

/** A fallback that cannot even be asked (a closed catalogue, vectors of another length) is one more failure, not the end. */
async function asked(from: RemoteRetriever, queries: readonly RemoteQuery[], signal: AbortSignal | undefined): Promise<Answer[]> {
  try {
    return await from.ask(queries, signal);
  } catch (error) {
    checkAbort(signal);
    const failure = isSageError(error) ? error : unexpected(from.engine, String(error), error);
    return queries.map((): Answer => ({ status: "error", error: failure }));
  }
}

function retryAfter(answer: Answer): number {
  return answer.status === "error" && answer.error instanceof RetrievalError ? (answer.error.retryAfter ?? 0) : 0;
}

function placesOf(answers: readonly Answer[], which: (answer: Answer) => boolean): number[] {
  return answers.flatMap((answer, place) => (which(answer) ? [place] : []));
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (!signal) return;
    const stop = (): void => reject(new SageError("aborted", "The call was aborted by its signal.", { cause: signal.reason }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
}
