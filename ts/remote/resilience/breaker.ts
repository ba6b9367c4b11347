/** Leaving an engine alone that fails. */
import { checkInteger, checkKeys, checkPositive } from "../../check.js";
import type { Answer, RemoteRetriever } from "../answer.js";
import { isPassing, RetrievalError } from "../failure.js";
import { RUNTIME_OPTIONS, type Runtime, runtimeOf } from "./runtime.js";
import { wrap } from "./wrap.js";

/** When to stop asking an engine that fails. */
export interface BreakerOptions extends Runtime {
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
  checkKeys("withBreaker", options, ["failures", "cooldown", "state", ...RUNTIME_OPTIONS]);
  const failures = checkInteger("withBreaker: failures", options.failures ?? 5);
  const cooldown = checkPositive("withBreaker: cooldown", options.cooldown ?? 10_000);
  const { now } = runtimeOf(options);
  const state = options.state ?? breakerState();

  /** The error of a call that is not let through. */
  const refusal = (): RetrievalError | undefined => {
    if (state.inRow < failures) return undefined;
    if (now() < Math.max(state.openUntil, state.tryingUntil)) {
      const wait = Math.max(0, Math.ceil(state.openUntil - now()));
      return new RetrievalError(
        "open",
        `${inner.engine} failed ${state.inRow} times in a row and is left alone for another ${wait} ms.`,
      );
    }
    // The one that tries may never come back (its request was cancelled), so it has a time and not a flag.
    state.tryingUntil = now() + cooldown;
    return undefined;
  };
  const learn = (bad: boolean): void => {
    state.inRow = bad ? state.inRow + 1 : 0;
    state.tryingUntil = 0;
    if (state.inRow >= failures) state.openUntil = now() + cooldown;
  };

  return wrap(inner, {
    ask: async (queries, signal) => {
      if (queries.length === 0) return inner.ask(queries, signal); // asks nobody, and says nothing about the engine
      const error = refusal();
      if (error) return queries.map((): Answer => ({ status: "error", error }));
      const answers = await inner.ask(queries, signal);
      learn(answers.every((answer) => answer.status === "error" && isPassing(answer.error)));
      return answers;
    },
    vectors: async (items, signal) => {
      const error = refusal();
      if (error) throw error;
      try {
        const found = await inner.vectors(items, signal);
        learn(false);
        return found;
      } catch (failure) {
        if (isPassing(failure)) learn(true);
        throw failure;
      }
    },
  });
}
