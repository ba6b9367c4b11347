/** A state that is computed while it has listeners: what the entries of all frameworks share. */

import { addListener } from "../values/listeners.js";

/** A state and its changes, as the stores of frameworks read them. */
export interface Source<State> {
  /** The state: the same object until it changes. */
  get(): State;
  /** Calls `listener` after each change. Returns a function that ends this. */
  subscribe(listener: () => void): () => void;
}

/** Replaces the state. Has no effect once the work that calls it has been stopped. */
export type SetState<State> = (state: State) => void;

/**
 * A source whose work, `start`, runs while it has listeners; `start` returns the function that
 * stops it. Without listeners the state is `initial` again.
 *
 * Work starts and stops in a microtask. So a component that is mounted twice in a row, as in
 * React's StrictMode, does its work once, and a store that is read on a server, which subscribes
 * and unsubscribes at once, does none.
 */
export function createSource<State>(
  initial: State,
  start: (set: SetState<State>) => () => void,
): Source<State> {
  const listeners = new Set<() => void>();
  let state = initial;
  let stop: (() => void) | undefined;
  const startRun = (): (() => void) => {
    let isStopped = false;
    const stopWork = start((next) => {
      if (isStopped) return;
      state = next;
      for (const listener of listeners) listener();
    });
    return () => {
      isStopped = true;
      stopWork();
    };
  };
  const startOrStop = (): void =>
    queueMicrotask(() => {
      if (listeners.size > 0) stop ??= startRun();
      else {
        stop?.();
        stop = undefined;
        state = initial;
      }
    });
  return {
    get: () => state,
    subscribe(listener) {
      const unsubscribe = addListener(listeners, listener);
      startOrStop();
      return () => {
        unsubscribe();
        startOrStop();
      };
    },
  };
}
