/**
 * A cache of answers keyed by medoid, never by user: users with the same medoid share an answer.
 * Only queries with an item id are cached. Fresh entries replace requests, stale ones replace
 * failures, and concurrent queries for the same key share one request.
 */

import type { Hit } from "../../retriever.js";
import { unlessAborted } from "../../values/abort.js";
import {
  checkAbort,
  checkKeys,
  checkMethods,
  checkPositive,
  unexpected,
} from "../../values/check.js";
import { MS_PER_DAY } from "../../values/time.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { checkQueries } from "../engine.js";
import { quantizeUnitVector } from "../vectors.js";
import type { AnswerStore } from "./answers.js";
import { digest } from "./digest.js";
import { RUNTIME_OPTION_NAMES, type Runtime, resolveRuntime } from "./runtime.js";
import { checkRetriever, overrideParts } from "./wrap.js";

/** Options of {@link withCache}. */
export interface CacheOptions extends Runtime {
  /** Where answers are kept. */
  store: AnswerStore;
  /**
   * Milliseconds an answer is fresh. Each entry's time is shortened by a random part of up to a
   * fifth, so that entries do not all expire at once. Default: 300,000 (5 minutes).
   */
  fresh?: number;
  /** Further milliseconds in which an answer may replace a failure. Default: 86,400,000 (a day). */
  stale?: number;
  /** Version of the index contents, part of the key: a new version starts empty. Default: "". */
  version?: string;
}

/** First part of every key: entries of another format are never read. */
const KEY_VERSION = 3;

/** The stored JSON: hits, and the time until which they are fresh. */
interface CacheEntry {
  hits: [item: string, score: number, prior?: number][];
  until: number;
}

/**
 * Cache the answers of `inner` to queries with an item id. Failures and "not-found" are not cached.
 * A failing store counts as empty.
 */
export function withCache(inner: RemoteRetriever, options: CacheOptions): RemoteRetriever {
  checkRetriever("withCache", inner);
  checkKeys("withCache", options, ["store", "fresh", "stale", "version", ...RUNTIME_OPTION_NAMES]);
  const { store, version = "" } = options;
  checkMethods("withCache: store", store, ["get", "set"]);
  if (typeof version !== "string") throw unexpected("withCache: version", "a string", version);
  const fresh = checkPositive("withCache: fresh", options.fresh ?? 300_000);
  const stale = checkPositive("withCache: stale", options.stale ?? MS_PER_DAY);
  const { now, random } = resolveRuntime("withCache", options);
  const inFlight = new Map<string, Promise<Answer>>();
  // The key includes the vector: a forged vector for a known item must not change the answer that
  // other users get.
  // The identity is hashed: an engine's address can have a signature in its query.
  let identity: Promise<string> | undefined;
  const cacheKey = async ({ item, vector, count }: RemoteQuery): Promise<string | undefined> => {
    if (item === undefined) return undefined;
    identity ??= digest(new TextEncoder().encode(inner.identity));
    const parts: (string | number)[] = [KEY_VERSION, await identity, version, item, count];
    if (vector) parts.push(await digest(new Uint8Array(quantizeUnitVector(vector).buffer)));
    return JSON.stringify(parts);
  };

  const readEntry = async (key: string): Promise<CacheEntry | undefined> => {
    try {
      const text = await store.get(key);
      return text === undefined ? undefined : parseEntry(text);
    } catch {
      return undefined; // a failing store or an invalid entry is a miss
    }
  };
  const writeEntry = async (key: string, hits: readonly Hit[]): Promise<void> => {
    const entry: CacheEntry = {
      hits: hits.map(({ item, score, prior }) =>
        prior === undefined ? [item, score] : [item, score, prior],
      ),
      until: now() + fresh * (1 - random() / 5),
    };
    try {
      await store.set(key, JSON.stringify(entry), Math.ceil((fresh + stale) / 1000));
    } catch {
      // A failing store counts as empty.
    }
  };

  /** Sends queries in one request and stores the answers. Later queries of equal keys join it. */
  const send = (
    queries: readonly RemoteQuery[],
    keys: readonly (string | undefined)[],
    signal: AbortSignal | undefined,
  ): Promise<Answer>[] => {
    // Other callers may join this request: it must not end with the signal of this one.
    const mayBeJoined = keys.some((key) => key !== undefined);
    const request = inner.ask(queries, mayBeJoined ? undefined : signal);
    return keys.map((key, index) => {
      const pendingAnswer = request.then(async (allAnswers) => {
        const answer = allAnswers[index]!;
        if (key !== undefined && answer.status === "ok") await writeEntry(key, answer.hits);
        return answer;
      });
      pendingAnswer.catch(() => undefined);
      if (key !== undefined) {
        inFlight.set(key, pendingAnswer);
        const removeFromFlight = (): boolean => inFlight.delete(key);
        pendingAnswer.then(removeFromFlight, removeFromFlight);
      }
      return pendingAnswer;
    });
  };

  const ask: RemoteRetriever["ask"] = async (given, signal) => {
    const queries = checkQueries(inner.engine, given, undefined);
    checkAbort(signal);
    const keys = await Promise.all(queries.map(cacheKey));
    const entries = await Promise.all(
      keys.map((key) => (key === undefined ? undefined : readEntry(key))),
    );
    const startTime = now();
    // Entries that expire later than now + fresh come from a writer with a fast clock: not fresh.
    const isFresh = ({ until }: CacheEntry): boolean =>
      startTime < until && until <= startTime + fresh;
    const answers: (Answer | undefined)[] = entries.map((entry) =>
      entry && isFresh(entry) ? answerFrom(entry, "cache") : undefined,
    );

    // Queries without a fresh entry join a request in flight for their key. All others are sent in
    // one request, each key once.
    const firstRowByKey = new Map<string | number, number>();
    const pendingAnswers = new Map<number, Promise<Answer>>();
    answers.forEach((answer, row) => {
      if (answer) return;
      const key = keys[row];
      const request = key === undefined ? undefined : inFlight.get(key);
      if (request) pendingAnswers.set(row, request);
      else if (!firstRowByKey.has(key ?? row)) firstRowByKey.set(key ?? row, row);
    });
    const rowsToRequest = [...firstRowByKey.values()];
    if (rowsToRequest.length > 0) {
      const sentAnswers = send(
        rowsToRequest.map((row) => queries[row]!),
        rowsToRequest.map((row) => keys[row]),
        signal,
      );
      rowsToRequest.forEach((row, index) => pendingAnswers.set(row, sentAnswers[index]!));
    }
    const results = Promise.all(
      queries.map(async (_, row): Promise<Answer> => {
        if (answers[row]) return answers[row];
        const key = keys[row];
        const answer = await (pendingAnswers.get(row) ??
          pendingAnswers.get(firstRowByKey.get(key ?? row)!)!);
        const entry = entries[row];
        return answer.status === "error" && entry && now() < entry.until + stale
          ? answerFrom(entry, "stale")
          : copyAnswer(answer);
      }),
    );
    return unlessAborted(results, signal);
  };
  return overrideParts(inner, { ask }, (narrowed) => withCache(narrowed, options));
}

function parseEntry(text: string): CacheEntry | undefined {
  const { hits, until } = JSON.parse(text) as CacheEntry;
  const valid = hits.every(
    ([item, score, prior = 0]) =>
      typeof item === "string" &&
      item !== "" &&
      Number.isFinite(score) &&
      Number.isFinite(prior) &&
      prior >= 0,
  );
  return valid && Number.isFinite(until) ? { hits, until } : undefined;
}

function answerFrom({ hits }: CacheEntry, via: "cache" | "stale"): Answer {
  return {
    status: "ok",
    hits: hits.map(([item, score, prior]) => ({
      item,
      score,
      ...(prior === undefined ? {} : { prior }),
    })),
    via,
  };
}

function copyAnswer(answer: Answer): Answer {
  return answer.status === "ok"
    ? { ...answer, hits: answer.hits.map((hit) => ({ ...hit })) }
    : answer;
}
