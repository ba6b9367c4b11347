/** Abortable waiting for promises that do not support signals. */
import { checkAbort } from "./check.js";

/**
 * `promise`, rejecting with code "aborted" as soon as the signal fires. The underlying work is not
 * cancelled.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const rejectIfAborted = (): void => {
      try {
        checkAbort(signal);
      } catch (error) {
        reject(error as Error);
      }
    };
    rejectIfAborted();
    signal.addEventListener("abort", rejectIfAborted, { once: true });
    promise
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", rejectIfAborted));
  });
}
