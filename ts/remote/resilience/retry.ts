/** Trying again. */
import { checkInteger, checkKeys, checkPositive } from "../../check.js";
import type { RemoteRetriever } from "../answer.js";
import { isPassing, RetrievalError } from "../failure.js";
import { RUNTIME_OPTIONS, type Runtime, runtimeOf } from "./runtime.js";
import { askFor, placesOf, wrap } from "./wrap.js";

/** How often and how soon to try again. */
export interface RetryOptions extends Runtime {
  /** Further tries. Default: 2. */
  retries?: number;
  /** Milliseconds: the wait before try n is anything up to `base` 2^n ("full jitter"). Default: 100. */
  base?: number;
  /** The longest wait, and the longest that an engine's Retry-After is honoured; beyond that the query fails. Default: 2,000. */
  most?: number;
}

/** Asks again for the queries that failed in passing: nobody answered, in time or at all, or said 408, 429 or 5xx. Vectors likewise. */
export function withRetry(inner: RemoteRetriever, options: RetryOptions = {}): RemoteRetriever {
  checkKeys("withRetry", options, ["retries", "base", "most", ...RUNTIME_OPTIONS]);
  const retries = checkInteger("withRetry: retries", options.retries ?? 2, 0);
  const base = checkPositive("withRetry: base", options.base ?? 100);
  const most = checkPositive("withRetry: most", options.most ?? 2000);
  const { sleep, random } = runtimeOf(options);

  /** Waits before the next try, or says that there will be none. */
  const again = async (
    tried: number,
    errors: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> => {
    const asked = Math.max(
      ...errors.map((error) => (error instanceof RetrievalError ? (error.retryAfter ?? 0) : 0)),
    );
    if (tried >= retries || asked > most) return false;
    await sleep(Math.max(asked, random() * Math.min(most, base * 2 ** tried)), signal);
    return true;
  };

  return wrap(inner, {
    ask: async (queries, signal) => {
      const answers = await inner.ask(queries, signal);
      for (let tried = 0; ; tried += 1) {
        const failed = placesOf(
          answers,
          (answer) => answer.status === "error" && isPassing(answer.error),
        );
        const errors = failed.map((place) => (answers[place] as { error: Error }).error);
        if (failed.length === 0 || !(await again(tried, errors, signal))) return answers;
        const better = await askFor(failed, queries, inner, signal);
        failed.forEach((place, index) => (answers[place] = better[index]!));
      }
    },
    vectors: async (items, signal) => {
      for (let tried = 0; ; tried += 1) {
        try {
          return await inner.vectors(items, signal);
        } catch (error) {
          if (!isPassing(error) || !(await again(tried, [error], signal))) throw error;
        }
      }
    },
  });
}
