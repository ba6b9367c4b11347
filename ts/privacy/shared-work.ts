/** Work that several callers wait for, each with a signal of its own. */

import { unlessAborted } from "../values/abort.js";

/** Work that was started. */
export interface SharedWork {
  /** Whether the last caller has left: the work is being aborted, and no caller may join it. */
  readonly isAbandoned: boolean;
  /**
   * Resolves or rejects as the work does. Rejects with code "aborted" as soon as the signal of this
   * caller fires; the work goes on while another caller waits for it.
   */
  wait(signal: AbortSignal | undefined): Promise<void>;
}

/** Starts work. The signal that it gets fires when the last caller has left. */
export function shareWork(work: (signal: AbortSignal) => Promise<void>): SharedWork {
  const controller = new AbortController();
  const result = work(controller.signal);
  let callers = 0;
  return {
    get isAbandoned() {
      return controller.signal.aborted;
    },
    async wait(signal) {
      callers += 1;
      try {
        await unlessAborted(result, signal);
      } finally {
        callers -= 1;
        if (callers === 0) controller.abort();
      }
    },
  };
}
