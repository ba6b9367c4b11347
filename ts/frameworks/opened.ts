/** A sage that is open while it has listeners. */

import type { Sage } from "../sage/types.js";
import { createSource, type Source } from "./source.js";

/** A sage that is being opened, is open, or could not be opened. */
export interface SageState {
  /** The open sage; undefined while it is loading, after an error, and on a server. */
  readonly sage: Sage | undefined;
  /** What `open` rejected with, if it did. */
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  /** Closes the sage if there is one, and calls `open` again, as after an error of the network. */
  readonly reopen: () => void;
}

/**
 * Opens a sage for the first listener and closes it after the last. If closing fails, with unsaved
 * changes, its error is an unhandled rejection: no component is left to show it.
 */
export function openedSage(open: () => Promise<Sage>): Source<SageState> {
  let restart = (): void => undefined;
  const initial: SageState = {
    sage: undefined,
    error: undefined,
    isLoading: true,
    reopen: () => restart(),
  };
  return createSource(initial, (set) => {
    let opening: Promise<Sage>;
    const start = (): void => {
      const current = (async () => open())();
      opening = current;
      const finish = (result: Partial<SageState>): void => {
        if (opening === current) set({ ...initial, ...result, isLoading: false });
      };
      current.then(
        (sage) => finish({ sage }),
        (error) => finish({ error }),
      );
    };
    const close = (): void =>
      void opening.then(
        (sage) => sage.close(),
        () => undefined, // it was never open
      );
    restart = () => {
      close();
      set(initial);
      start();
    };
    start();
    return () => {
      restart = () => undefined;
      close();
    };
  });
}
