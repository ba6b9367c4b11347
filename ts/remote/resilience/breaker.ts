/** A circuit breaker: stops requests to an engine that keeps failing. */
import { checkFinite, checkInteger, checkKeys, checkPositive } from "../../values/check.js";
import type { Answer, RemoteRetriever } from "../answer.js";
import { isPassing, RetrievalError } from "../failure.js";
import { RUNTIME_OPTION_NAMES, type Runtime, resolveRuntime } from "./runtime.js";
import { checkRetriever, overrideParts } from "./wrap.js";

/** Options of {@link withBreaker}. */
export interface BreakerOptions extends Runtime {
  /** Consecutive failures that open the breaker, at least 1. Default: 5. */
  failures?: number;
  /** Milliseconds the breaker stays open before a trial call. Default: 10,000. */
  cooldown?: number;
  /**
   * State to share between retrievers of one engine, such as those of a Worker's requests. Default:
   * its own.
   */
  state?: BreakerState;
}

/** The state of a breaker: plain numbers, modified in place. Times by the clock `now`, in ms. */
export interface BreakerState {
  /** Consecutive failures. */
  inRow: number;
  /** End of the cooldown. */
  openUntil: number;
  /** Until then a trial call is running and others are rejected; 0 if none is. */
  tryingUntil: number;
}

/** The state of a closed breaker without failures. */
export function breakerState(): BreakerState {
  return { inRow: 0, openUntil: 0, tryingUntil: 0 };
}

/**
 * Add a circuit breaker. After `failures` consecutive failed calls it opens: for `cooldown`,
 * queries fail at once with reason "open". Then one trial call goes through; success closes the
 * breaker, failure opens it again. A call fails if all its queries failed with a transient error
 * ({@link isPassing}). `vectors` calls count as well.
 */
export function withBreaker(inner: RemoteRetriever, options: BreakerOptions = {}): RemoteRetriever {
  checkRetriever("withBreaker", inner);
  checkKeys("withBreaker", options, ["failures", "cooldown", "state", ...RUNTIME_OPTION_NAMES]);
  const failures = checkInteger("withBreaker: failures", options.failures ?? 5);
  const cooldown = checkPositive("withBreaker: cooldown", options.cooldown ?? 10_000);
  const { now } = resolveRuntime("withBreaker", options);
  const state = options.state ?? breakerState();
  for (const name of ["inRow", "openUntil", "tryingUntil"] as const)
    checkFinite(`withBreaker: state.${name}`, (state as Partial<BreakerState>)[name]);

  /** The error of a call that the breaker rejects, or undefined if the call may proceed. */
  const openError = (): RetrievalError | undefined => {
    if (state.inRow < failures) return undefined;
    if (now() < Math.max(state.openUntil, state.tryingUntil)) {
      const wait = Math.max(0, Math.ceil(state.openUntil - now()));
      return new RetrievalError(
        "open",
        `${inner.engine} failed ${state.inRow} times in a row; the next try is in ${wait} ms.`,
      );
    }
    // A time, not a flag: a cancelled trial call never reports its outcome.
    state.tryingUntil = now() + cooldown;
    return undefined;
  };
  const recordOutcome = (failed: boolean): void => {
    state.inRow = failed ? state.inRow + 1 : 0;
    state.tryingUntil = 0;
    if (state.inRow >= failures) state.openUntil = now() + cooldown;
  };

  return overrideParts(
    inner,
    {
      ask: async (queries, signal) => {
        if (queries.length === 0) return inner.ask(queries, signal); // no request: no outcome
        const error = openError();
        if (error) return queries.map((): Answer => ({ status: "error", error }));
        const answers = await inner.ask(queries, signal);
        recordOutcome(
          answers.every((answer) => answer.status === "error" && isPassing(answer.error)),
        );
        return answers;
      },
      vectors: async (items, signal) => {
        const error = openError();
        if (error) throw error;
        try {
          const foundVectors = await inner.vectors(items, signal);
          recordOutcome(false);
          return foundVectors;
        } catch (failure) {
          if (isPassing(failure)) recordOutcome(true);
          throw failure;
        }
      },
    },
    (narrowed) => withBreaker(narrowed, { ...options, state }),
  );
}
