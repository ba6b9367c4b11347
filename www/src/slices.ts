/** Work on many entries in short tasks, between which the page responds to input. */

/** Maximum duration of a slice, in ms. A browser counts a task above 50 ms as blocking. */
const MAX_SLICE_MS = 10;
const MAX_FRAME_WAIT_MS = 100;

/** Calls `run` with each entry, in their order; after each slice other tasks have their turn. */
export async function forEachInSlices<T>(
  entries: Iterable<T>,
  run: (entry: T) => void,
): Promise<void> {
  let sliceStart = performance.now();
  for (const entry of entries) {
    if (performance.now() - sliceStart > MAX_SLICE_MS) {
      await nextTask();
      sliceStart = performance.now();
    }
    run(entry);
  }
}

/** Resolves in a new task. Unlike timers, messages are not slowed in a tab in the background. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Resolves in a new task after the next frame, or soon in a tab that draws none. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, MAX_FRAME_WAIT_MS);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      void nextTask().then(resolve);
    });
  });
}
