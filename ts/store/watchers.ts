/** Announces writes to other users of a store: in this realm, and in other tabs by name. */

export interface Watchers {
  /** Calls all listeners, here and in other tabs. */
  announce(): void;
  /** Adds a listener. Returns a function that removes it. */
  watch(listener: () => void): () => void;
}

/** `name`: of the BroadcastChannel; undefined to announce in this realm only. */
export function createWatchers(name?: string): Watchers {
  const listeners = new Set<() => void>();
  let channel: BroadcastChannel | undefined;
  const notify = (): void => {
    for (const listener of listeners) listener();
  };
  /** Undefined where there are no channels, or the origin may not use them. */
  const openChannel = (): BroadcastChannel | undefined => {
    try {
      return name === undefined ? undefined : new BroadcastChannel(name);
    } catch {
      return undefined;
    }
  };
  return {
    announce() {
      notify();
      const sender = channel ?? openChannel();
      sender?.postMessage("written");
      if (sender !== channel) sender?.close();
    },
    watch(listener) {
      listeners.add(listener);
      channel ??= openChannel();
      if (channel) channel.onmessage = notify;
      // In Node, an open channel would keep the process alive.
      (channel as { unref?(): void } | undefined)?.unref?.();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        channel?.close();
        channel = undefined;
      };
    },
  };
}
