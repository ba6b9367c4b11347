/** Waiting no longer than the caller does. */
import { checkAbort } from "../check.js";

/** The promise, or "aborted" as soon as the signal fires: what knows no signals is left to finish alone. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      try {
        checkAbort(signal);
      } catch (error) {
        reject(error as Error);
      }
    };
    stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
