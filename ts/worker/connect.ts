/** The page's side of a worker connection: a sage whose methods run in the worker. */

import { SageError } from "../errors.js";
import type { RecommendOptions, Sage } from "../sage/types.js";
import { checkAbort, checkKeys } from "../values/check.js";
import { addListener, notify } from "../values/listeners.js";
import {
  deserializeError,
  isProtocolMessage,
  listen,
  METHODS,
  type Method,
  type Port,
  type Reply,
  type Request,
} from "./protocol.js";

/**
 * Connects to the sage that `serveSage` serves in a worker. Either side may start first. Errors
 * keep their code, message and cause; an AbortSignal of `recommend` or `preview` is forwarded. The
 * worker counts its clients: `close` ends this connection, and the last one closes the sage.
 *
 * Rejects with the error of `open` in the worker, "aborted" once `options.signal` fires before the
 * connection is open, and "worker-gone" if the worker ends; all later calls then reject with it
 * too.
 *
 * The end of a browser's worker is detected through Web Locks, which exist in secure contexts
 * (https and localhost). Elsewhere, and before the connection is open, a terminated worker looks
 * like a slow one: pass a `signal` to limit the wait.
 */
export async function connectSage(
  worker: Port,
  options: { signal?: AbortSignal } = {},
): Promise<Sage> {
  checkKeys("connectSage", options, ["signal"]);
  checkAbort(options.signal);
  const connection = new Connection(worker);
  const abort = (): void => {
    // The worker counts this connection; `end` discards the answer.
    connection.call("close", []).catch(() => undefined);
    connection.end(
      new SageError("aborted", "connectSage was aborted by its signal.", {
        cause: options.signal?.reason,
      }),
    );
  };
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    await connection.opened;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
  return createProxy(connection);
}

/** The functions that settle a promise. */
interface Resolvers {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A connection to a worker: its unanswered calls, and the detection of the worker's end. */
class Connection {
  /** Settles when the worker has opened its sage, or failed to. */
  readonly opened: Promise<void>;
  /** The listeners of `subscribe`. */
  readonly listeners = new Set<() => void>();
  readonly #port: Port;
  readonly #id = crypto.randomUUID();
  readonly #pendingCalls = new Map<number, Resolvers>();
  /** Functions that remove the event listeners and stop waiting for the lock. */
  readonly #cleanups: (() => void)[] = [];
  /** Settles `opened`; undefined once it is settled. */
  #openedResolvers: Resolvers | undefined;
  #endReason: Error | undefined;
  #callCount = 0;
  /** Whether a lock detects the worker's end. */
  #watchesLock = false;

  constructor(port: Port) {
    this.#port = port;
    this.opened = new Promise<unknown>(
      (resolve, reject) => (this.#openedResolvers = { resolve, reject }),
    ) as Promise<void>;
    this.#cleanups.push(
      listen(
        port,
        "message",
        (message) => isProtocolMessage<Reply>(message) && this.#receive(message),
      ),
      listen(port, "messageerror", () => this.#endAsWorkerGone("a message could not be read")),
      listen(port, "exit", () => this.#endAsWorkerGone("it exited")),
      listen(port, "close", () => this.#endAsWorkerGone("its port closed")),
      // A worker survives uncaught errors after its start, so a watched lock is the better sign.
      listen(
        port,
        "error",
        (error) => this.#watchesLock || this.#endAsWorkerGone("it failed", error),
      ),
    );
    this.#send({ sage: "hello", connection: this.#id });
  }

  /** Calls a method of the worker's sage and resolves to its result. */
  call(method: Method, args: unknown[], signal?: AbortSignal): Promise<unknown> {
    if (this.#endReason) return Promise.reject(this.#endReason);
    const call = this.#callCount++;
    const connection = this.#id;
    const answer = new Promise<unknown>((resolve, reject) =>
      this.#pendingCalls.set(call, { resolve, reject }),
    );
    const abortable = signal !== undefined;
    this.#send({ sage: "call", connection, call, method, args, abortable }, call);
    const abort = (): void => {
      this.#send({ sage: "abort", connection, call });
      this.#takePending(call)?.reject(
        new SageError("aborted", "The call was aborted by its signal.", { cause: signal?.reason }),
      );
    };
    signal?.addEventListener("abort", abort);
    return answer.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Ends the connection: rejects pending and later calls with `reason`. Idempotent. */
  end(reason: Error): void {
    if (this.#endReason) return;
    this.#endReason = reason;
    for (const cleanUp of this.#cleanups) cleanUp();
    this.#openedResolvers?.reject(reason);
    for (const { reject } of this.#pendingCalls.values()) reject(reason);
    this.#pendingCalls.clear();
  }

  #receive(reply: Reply): void {
    if (reply.sage === "serving" && this.#openedResolvers)
      this.#send({ sage: "hello", connection: this.#id });
    if (reply.sage === "changed") notify(this.listeners);
    if (!("connection" in reply) || reply.connection !== this.#id) return;
    if (reply.sage === "opened") void this.#finishOpening(reply.lock);
    if (reply.sage === "refused") this.end(deserializeError(reply.error));
    if (reply.sage === "answer") this.#takePending(reply.call)?.resolve(reply.value);
    if (reply.sage === "failure")
      this.#takePending(reply.call)?.reject(deserializeError(reply.error));
  }

  /** Removes a pending call and returns its resolvers. */
  #takePending(call: number): Resolvers | undefined {
    const pending = this.#pendingCalls.get(call);
    this.#pendingCalls.delete(call);
    return pending;
  }

  /** Posts a message. If it cannot be cloned, rejects the pending `call` that it belongs to. */
  #send(message: Request, call?: number): void {
    try {
      this.#port.postMessage(message);
    } catch (cause) {
      if (call === undefined) throw cause;
      this.#takePending(call)?.reject(
        new SageError("option", "The arguments hold something that cannot be sent to a worker.", {
          cause,
        }),
      );
    }
  }

  async #finishOpening(lock: string | undefined): Promise<void> {
    const openedResolvers = this.#openedResolvers;
    this.#openedResolvers = undefined;
    if (lock !== undefined && openedResolvers)
      await this.#watchLock(lock).catch((error: unknown) =>
        this.#endAsWorkerGone("its lock cannot be watched", error),
      );
    if (this.#endReason) openedResolvers?.reject(this.#endReason);
    else openedResolvers?.resolve(undefined);
  }

  /** Queues for the lock that the worker holds: it is granted when the worker has ended. */
  async #watchLock(lock: string): Promise<void> {
    // Locks are per origin. If the lock is free, the worker is of another origin, and its lock
    // cannot be watched.
    const isFree = await navigator.locks.request(
      lock,
      { ifAvailable: true },
      (granted) => granted !== null,
    );
    if (isFree || this.#endReason) return;
    const stopWaiting = new AbortController();
    this.#cleanups.push(() => stopWaiting.abort());
    this.#watchesLock = true;
    navigator.locks
      .request(lock, { signal: stopWaiting.signal }, () =>
        this.#endAsWorkerGone("it was terminated"),
      )
      .catch(
        (error: unknown) =>
          this.#endReason ?? this.#endAsWorkerGone("its lock cannot be watched", error),
      );
  }

  #endAsWorkerGone(reason: string, cause?: unknown): void {
    const remedy = "Start a new one and connect again; stored actions are kept.";
    notify(this.listeners); // they call the sage, and get the error
    this.end(new SageError("worker-gone", `The worker is gone: ${reason}. ${remedy}`, { cause }));
  }
}

/** A sage that forwards each call over the connection. */
function createProxy(connection: Connection): Sage {
  const forwardWithSignal =
    (method: "recommend" | "preview") => async (options?: RecommendOptions) => {
      if (typeof options !== "object" || options === null)
        return connection.call(method, [options]);
      checkAbort(options.signal);
      const { signal, ...rest } = options;
      // Iterators cannot be cloned, so ids are collected here. Any other invalid value is sent as
      // it is, and the sage in the worker refuses it.
      if (typeof rest.exclude?.[Symbol.iterator] === "function" && typeof rest.exclude !== "string")
        rest.exclude = [...rest.exclude];
      return connection.call(method, [rest], signal);
    };
  const forwarded = METHODS.map((method) => [
    method,
    (...args: unknown[]) => connection.call(method, args),
  ]);
  const sage: Sage = {
    ...Object.fromEntries(forwarded),
    subscribe: (listener) => addListener(connection.listeners, listener),
    recommend: forwardWithSignal("recommend"),
    preview: forwardWithSignal("preview"),
    async close() {
      try {
        await connection.call("close", []);
      } catch (error) {
        if ((error as Partial<SageError>).code !== "closed") throw error;
      } finally {
        connection.end(
          new SageError("closed", "This sage was closed: connect again with connectSage."),
        );
      }
    },
    [Symbol.asyncDispose]: () => sage.close(),
  };
  return sage;
}
