/** Clock, timer and randomness of the wrappers, replaceable in tests. */
import { checkAbort } from "../../values/check.js";

/** Clock, timer and randomness. */
export interface Runtime {
  /** Clock in milliseconds. Default: `Date.now`. */
  now?: () => number;
  /**
   * Resolves after `milliseconds`; rejects when the signal fires. Default: based on `setTimeout`.
   */
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1). Default: `Math.random`. */
  random?: () => number;
}

/** The option names of {@link Runtime}. */
export const RUNTIME_OPTION_NAMES = ["now", "sleep", "random"];

/** Fill in the defaults. */
export function resolveRuntime({
  now = Date.now,
  sleep = sleepFor,
  random = Math.random,
}: Runtime): Required<Runtime> {
  return { now, sleep, random };
}

/** Default of {@link Runtime.sleep}. */
async function sleepFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  checkAbort(signal);
  let wake = (): void => undefined;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
    signal?.addEventListener("abort", wake, { once: true });
  });
  signal?.removeEventListener("abort", wake);
  checkAbort(signal);
}
