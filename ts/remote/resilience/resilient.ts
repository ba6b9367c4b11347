/** All wrappers of this folder, composed. */

import type { Filter } from "../../catalogue/filter.js";
import { checkKeys } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkQueries } from "../engine.js";
import { cacheVectors } from "../vectors.js";
import { type BreakerOptions, breakerState, withBreaker } from "./breaker.js";
import { type CacheOptions, withCache } from "./cache.js";
import { withFallback } from "./fallback.js";
import { type RetryOptions, withRetry } from "./retry.js";
import { RUNTIME_OPTION_NAMES, type Runtime } from "./runtime.js";
import { withTimeout } from "./timeout.js";
import { checkRetriever, overrideParts } from "./wrap.js";

/** Options of {@link resilient}; each part has its own defaults. */
export interface ResilientOptions extends Runtime {
  /** Milliseconds per attempt. Default: 2,000. */
  timeout?: number;
  /** Milliseconds for all attempts and waits together. Default: 5,000. */
  deadline?: number;
  /** See {@link withRetry}. */
  retry?: Omit<RetryOptions, keyof Runtime>;
  /** See {@link withBreaker}. */
  breaker?: Omit<BreakerOptions, keyof Runtime>;
  /** See {@link withCache}. Default: no cache. */
  cache?: Omit<CacheOptions, keyof Runtime>;
  /** Answers queries that failed or were not found. Default: none. */
  fallback?: RemoteRetriever;
}

/**
 * Wrap an engine for production use, from the outside in: fallback, cache, deadline, retries,
 * circuit breaker, timeout per attempt.
 */
export function resilient(
  engine: RemoteRetriever,
  options: ResilientOptions = {},
): RemoteRetriever {
  checkRetriever("resilient", engine);
  checkKeys("resilient", options, [
    "timeout",
    "deadline",
    "retry",
    "breaker",
    "cache",
    "fallback",
    ...RUNTIME_OPTION_NAMES,
  ]);
  const { timeout = 2000, deadline = 5000, retry, breaker, cache, fallback, ...runtime } = options;
  if (fallback !== undefined) checkRetriever("resilient: fallback", fallback);
  // The wrappers check the options of each part; here, that it is an object.
  for (const [name, part] of Object.entries({ retry, breaker, cache }))
    if (part !== undefined) checkKeys(`resilient: ${name}`, part, Object.keys(Object(part)));
  const state = breaker?.state ?? breakerState();
  const guarded = withBreaker(withTimeout(engine, timeout, "timeout", runtime), {
    ...breaker,
    state,
    ...runtime,
  });
  const retried = withTimeout(
    withRetry(guarded, { ...retry, ...runtime }),
    deadline,
    "deadline",
    runtime,
  );
  const cached = cache ? withCache(retried, { ...cache, ...runtime }) : retried;
  const composed = fallback ? withFallback(cached, fallback) : cached;
  /** A fallback that cannot be restricted is left out: its hits would not meet the filter. */
  const narrow = (_: RemoteRetriever, filter: Filter): RemoteRetriever => {
    const { fallback: _fallback, ...rest } = options;
    const narrowedFallback = fallback?.withFilter?.(filter);
    return resilient(engine.withFilter!(filter), {
      ...rest,
      breaker: { ...breaker, state },
      ...(narrowedFallback && { fallback: narrowedFallback }),
    });
  };
  return overrideParts(
    composed,
    {
      ask: async (queries, signal) => {
        // Invalid queries reject here: inside they would count as failures of the engine.
        const checkedQueries = checkQueries(engine.engine, queries, undefined, composed.space);
        return composed.ask(checkedQueries, signal);
      },
      vectors: cacheVectors(composed.vectors), // outermost: cached vectors survive an outage
    },
    narrow,
  );
}
