/** One load for several calls at a time, each with a signal of its own. */
import { checkAbort } from "../../values/check.js";

/** Resolves to the loaded value; rejects with code "aborted" once the signal of the call fires. */
export type Shared<T> = (signal: AbortSignal | undefined) => Promise<T>;

/** A load under way or complete. */
interface Load<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
  isDone: boolean;
}

/**
 * Calls `load` once for all calls, and again after it failed. The load is aborted when every call
 * that waits for it is.
 */
export function shareLoad<T>(load: (signal: AbortSignal) => Promise<T>): Shared<T> {
  let current: Load<T> | undefined;

  function start(): Load<T> {
    const controller = new AbortController();
    const started = { result: load(controller.signal), controller, waiting: 0, isDone: false };
    started.result.then(
      () => {
        started.isDone = true;
      },
      () => leave(started),
    );
    return started;
  }

  function leave(load: Load<T>): void {
    if (current === load) current = undefined;
  }

  return async (signal) => {
    checkAbort(signal);
    current ??= start();
    const joined = current;
    joined.waiting += 1;
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject();
      signal?.addEventListener("abort", onAbort);
    });
    try {
      return await Promise.race([joined.result, aborted]);
    } catch (error) {
      checkAbort(signal);
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort!);
      joined.waiting -= 1;
      if (joined.waiting === 0 && !joined.isDone) {
        leave(joined);
        joined.controller.abort();
      }
    }
  };
}
