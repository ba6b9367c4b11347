/** Functions that are called after each change of something. */
import { checkFunction } from "./check.js";

/**
 * Adds a listener to a set, as many times as it is given. Returns a function that removes it; it is
 * not called afterwards, not even for an earlier `notify`. Throws code "option" for no function.
 */
export function addListener(listeners: Set<() => void>, listener: () => void): () => void {
  checkFunction("subscribe", listener);
  const call = (): void => {
    if (listeners.has(call)) listener();
  };
  listeners.add(call);
  return () => void listeners.delete(call);
}

/**
 * Calls the listeners in microtasks: an error of one is reported as uncaught, and breaks neither
 * the caller nor the other listeners.
 */
export function notify(listeners: ReadonlySet<() => void>): void {
  listeners.forEach(queueMicrotask);
}
