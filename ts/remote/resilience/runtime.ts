/** Time and chance, given from outside so that tests can say what they are. */
import { checkAbort } from "../../check.js";

/** What the wrappers need of the world. */
export interface Runtime {
  /** Milliseconds. Default: Date.now. */
  now?: () => number;
  /** Resolves after so many milliseconds, or rejects when the signal fires. Default: setTimeout. */
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). Default: Math.random. */
  random?: () => number;
}

/** The names of its options. */
export const RUNTIME_OPTIONS = ["now", "sleep", "random"];

/** The world with its defaults. */
export function runtimeOf({
  now = Date.now,
  sleep = pause,
  random = Math.random,
}: Runtime): Required<Runtime> {
  return { now, sleep, random };
}

/** The runtime's clock. */
async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  checkAbort(signal);
  let stop = (): void => undefined;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
  signal?.removeEventListener("abort", stop);
  checkAbort(signal);
}
