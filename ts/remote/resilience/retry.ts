/** Retries with exponential backoff. */
import { checkInteger, checkKeys, checkPositive } from "../../values/check.js";
import { MAX_TIMER_MS } from "../../values/limits.js";
import type { RemoteRetriever } from "../answer.js";
import { isPassing, RetrievalError } from "../failure.js";
import { RUNTIME_OPTION_NAMES, type Runtime, resolveRuntime } from "./runtime.js";
import { answerRowsWhere, askSubset, checkRetriever, overrideParts } from "./wrap.js";

/** Options of {@link withRetry}. */
export interface RetryOptions extends Runtime {
  /** Maximum number of retries after the first attempt, at least 0. Default: 2. */
  retries?: number;
  /**
   * Milliseconds: the wait before retry n = 0, 1, ... is uniform in [0, min(`most`, `base` 2^n))
   * ("full jitter"), and at least the engine's Retry-After. Default: 100.
   */
  base?: number;
  /**
   * Maximum wait in milliseconds. If the engine's Retry-After is longer, there is no retry.
   * Default: 2,000.
   */
  most?: number;
}

/**
 * Retry queries that failed with a transient error ({@link isPassing}); answered ones are not sent
 * again. `vectors` likewise.
 */
export function withRetry(inner: RemoteRetriever, options: RetryOptions = {}): RemoteRetriever {
  checkRetriever("withRetry", inner);
  checkKeys("withRetry", options, ["retries", "base", "most", ...RUNTIME_OPTION_NAMES]);
  const retries = checkInteger("withRetry: retries", options.retries ?? 2, 0);
  const baseDelay = checkPositive("withRetry: base", options.base ?? 100);
  const maxDelay = checkPositive("withRetry: most", options.most ?? 2000, MAX_TIMER_MS);
  const { sleep, random } = resolveRuntime("withRetry", options);

  /** Wait before the next retry. Resolves to false if there is none. `attempt` counts from 0. */
  const waitForRetry = async (
    attempt: number,
    errors: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> => {
    const retryAfter = Math.max(
      ...errors.map((error) => (error instanceof RetrievalError ? (error.retryAfter ?? 0) : 0)),
    );
    if (attempt >= retries || retryAfter > maxDelay) return false;
    await sleep(
      Math.max(retryAfter, random() * Math.min(maxDelay, baseDelay * 2 ** attempt)),
      signal,
    );
    return true;
  };

  return overrideParts(
    inner,
    {
      ask: async (queries, signal) => {
        const answers = await inner.ask(queries, signal);
        for (let attempt = 0; ; attempt += 1) {
          const failedRows = answerRowsWhere(
            answers,
            (answer) => answer.status === "error" && isPassing(answer.error),
          );
          const errors = failedRows.map((row) => (answers[row] as { error: Error }).error);
          if (failedRows.length === 0 || !(await waitForRetry(attempt, errors, signal)))
            return answers;
          const retriedAnswers = await askSubset(failedRows, queries, inner, signal);
          failedRows.forEach((row, index) => (answers[row] = retriedAnswers[index]!));
        }
      },
      vectors: async (items, signal) => {
        for (let attempt = 0; ; attempt += 1) {
          try {
            return await inner.vectors(items, signal);
          } catch (error) {
            if (!isPassing(error) || !(await waitForRetry(attempt, [error], signal))) throw error;
          }
        }
      },
    },
    (narrowed) => withRetry(narrowed, options),
  );
}
