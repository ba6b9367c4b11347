/** Giving up after a while. */
import { checkPositive } from "../../check.js";
import { unlessAborted } from "../abort.js";
import type { Answer, RemoteRetriever } from "../answer.js";
import { RetrievalError } from "../failure.js";
import { type Runtime, runtimeOf } from "./runtime.js";
import { wrap } from "./wrap.js";

/** Gives up after so many milliseconds: each query that has no answer by then has a "timeout" (or whatever `reason` says). */
export function withTimeout(
  inner: RemoteRetriever,
  milliseconds: number,
  reason: "timeout" | "deadline" = "timeout",
  world: Runtime = {},
): RemoteRetriever {
  checkPositive(`${inner.engine}: ${reason}`, milliseconds);
  const { sleep } = runtimeOf(world);

  /** What the work resolves to, or the error that says that it took too long; then, as when the caller aborts, its own signal ends it. */
  const within = async <T>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T | RetrievalError> => {
    const stop = new AbortController();
    const end = (): void => stop.abort(signal?.reason);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
    const clock = new AbortController();
    try {
      const late = sleep(milliseconds, clock.signal).then(
        () =>
          new RetrievalError(reason, `${inner.engine} did not answer within ${milliseconds} ms.`),
        () => new Promise<never>(() => undefined),
      );
      const working = work(stop.signal);
      working.catch(() => undefined); // it may fail after nobody waits for it
      return await unlessAborted(Promise.race([working, late]), signal);
    } finally {
      clock.abort();
      signal?.removeEventListener("abort", end);
      stop.abort();
    }
  };

  return wrap(inner, {
    ask: async (queries, signal) => {
      const answers = await within((until) => inner.ask(queries, until), signal);
      return answers instanceof RetrievalError
        ? queries.map((): Answer => ({ status: "error", error: answers }))
        : answers;
    },
    vectors: async (items, signal) => {
      const found = await within((until) => inner.vectors(items, until), signal);
      if (found instanceof RetrievalError) throw found;
      return found;
    },
  });
}
