/** Clock, timer and randomness of the wrappers, replaceable in tests. */
import { checkAbort, checkFunction } from "../../values/check.js";

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

/** Fill in the defaults. `where` names the wrapper in errors. */
export function resolveRuntime(
  where: string,
  { now = Date.now, sleep = sleepFor, random = Math.random }: Runtime,
): Required<Runtime> {
  const runtime = { now, sleep, random };
  for (const [name, value] of Object.entries(runtime)) checkFunction(`${where}: ${name}`, value);
  return runtime;
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
