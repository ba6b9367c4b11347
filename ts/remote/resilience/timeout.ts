/** `withTimeout`: a time limit for each call of a retriever. */

import { unlessAborted } from "../../values/abort.js";
import { checkChoice, checkKeys, checkPositive } from "../../values/check.js";
import { MAX_TIMER_MS } from "../../values/limits.js";
import type { Answer, RemoteRetriever } from "../answer.js";
import { RetrievalError } from "../failure.js";
import { RUNTIME_OPTION_NAMES, type Runtime, resolveRuntime } from "./runtime.js";
import { checkRetriever, overrideParts } from "./wrap.js";

/**
 * Limit each call to `milliseconds`, above 0. After that the inner call is aborted and every query
 * of it fails with `reason`. `vectors` rejects likewise.
 */
export function withTimeout(
  inner: RemoteRetriever,
  milliseconds: number,
  reason: "timeout" | "deadline" = "timeout",
  runtime: Runtime = {},
): RemoteRetriever {
  checkRetriever("withTimeout", inner);
  checkKeys("withTimeout", runtime, RUNTIME_OPTION_NAMES);
  checkChoice("withTimeout: reason", reason, ["timeout", "deadline"]);
  checkPositive(`${inner.engine}: ${reason}`, milliseconds, MAX_TIMER_MS);
  const { sleep } = resolveRuntime("withTimeout", runtime);

  /**
   * The result of `work`, or the error of an expired timer. The signal passed to `work` fires on
   * expiry and when the caller aborts.
   */
  const withTimer = async <T>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T | RetrievalError> => {
    const workAbort = new AbortController();
    const forwardAbort = (): void => workAbort.abort(signal?.reason);
    signal?.addEventListener("abort", forwardAbort, { once: true });
    if (signal?.aborted) forwardAbort();
    const timerAbort = new AbortController();
    try {
      const expiry = sleep(milliseconds, timerAbort.signal).then(
        () =>
          new RetrievalError(reason, `${inner.engine} did not answer within ${milliseconds} ms.`),
        () => new Promise<never>(() => undefined),
      );
      const result = work(workAbort.signal);
      result.catch(() => undefined); // it may reject after the race is decided
      return await unlessAborted(Promise.race([result, expiry]), signal);
    } finally {
      timerAbort.abort();
      signal?.removeEventListener("abort", forwardAbort);
      workAbort.abort();
    }
  };

  return overrideParts(
    inner,
    {
      ask: async (queries, signal) => {
        const answers = await withTimer((workSignal) => inner.ask(queries, workSignal), signal);
        return answers instanceof RetrievalError
          ? queries.map((): Answer => ({ status: "error", error: answers }))
          : answers;
      },
      vectors: async (items, signal) => {
        const foundVectors = await withTimer(
          (workSignal) => inner.vectors(items, workSignal),
          signal,
        );
        if (foundVectors instanceof RetrievalError) throw foundVectors;
        return foundVectors;
      },
    },
    (narrowed) => withTimeout(narrowed, milliseconds, reason, runtime),
  );
}
