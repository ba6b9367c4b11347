/** What stands between an engine and the people who wait for it: the wrappers of this folder, put together. */
import { checkKeys } from "../../check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkQueries } from "../engine.js";
import { rememberVectors } from "../vectors.js";
import { type BreakerOptions, withBreaker } from "./breaker.js";
import { type CacheOptions, withCache } from "./cache.js";
import { withFallback } from "./fallback.js";
import { type RetryOptions, withRetry } from "./retry.js";
import { RUNTIME_OPTIONS, type Runtime } from "./runtime.js";
import { withTimeout } from "./timeout.js";
import { wrap } from "./wrap.js";

/** {@link resilient}'s parts, each with its own defaults. */
export interface ResilientOptions extends Runtime {
  /** Milliseconds for one try. Default: 2,000. */
  timeout?: number;
  /** Milliseconds for everything, retries included. Default: 5,000. */
  deadline?: number;
  retry?: Omit<RetryOptions, keyof Runtime>;
  breaker?: Omit<BreakerOptions, keyof Runtime>;
  /** Answers kept by medoid. Default: none are. */
  cache?: Omit<CacheOptions, keyof Runtime>;
  /** Who answers what the engine cannot. */
  fallback?: RemoteRetriever;
}

/** An engine as one should ask it: cache, deadline, retries, breaker, a time for each try, and somebody to fall back on. */
export function resilient(
  engine: RemoteRetriever,
  options: ResilientOptions = {},
): RemoteRetriever {
  checkKeys("resilient", options, [
    "timeout",
    "deadline",
    "retry",
    "breaker",
    "cache",
    "fallback",
    ...RUNTIME_OPTIONS,
  ]);
  const { timeout = 2000, deadline = 5000, retry, breaker, cache, fallback, ...world } = options;
  const once = withBreaker(withTimeout(engine, timeout, "timeout", world), {
    ...breaker,
    ...world,
  });
  const tried = withTimeout(withRetry(once, { ...retry, ...world }), deadline, "deadline", world);
  const kept = cache ? withCache(tried, { ...cache, ...world }) : tried;
  const answered = fallback ? withFallback(kept, fallback) : kept;
  return wrap(answered, {
    ask: async (queries, signal) => {
      checkQueries(engine.engine, queries, undefined); // also where nobody gets to see them: a wrong query is not a failure of the engine
      return answered.ask(queries, signal);
    },
    vectors: rememberVectors(answered.vectors), // what is remembered is there while the engine is not
  });
}
