/** The page's side: the same interface, carried out in the worker. */
import { checkAbort } from "../check.js";
import { SageError } from "../errors.js";
import type { RecommendOptions, Sage } from "../sage/types.js";
import {
  deserializeError,
  isProtocolMessage,
  listen,
  type Method,
  type Port,
  type Reply,
  type Request,
} from "./protocol.js";

/**
 * The sage that `serveSage` serves in this worker. Either side may start first. Errors arrive with their code, message and cause; an
 * AbortSignal reaches into the worker. Rejects what `open` rejected with there, and "worker-gone", now and for every call, if it dies.
 *
 * That a browser's worker was terminated is learnt through the Web Locks of secure contexts (https and localhost). Elsewhere, and before
 * the first answer, silence looks like work: pass a `signal` to bound the wait.
 */
export async function connectSage(
  worker: Port,
  options: { signal?: AbortSignal } = {},
): Promise<Sage> {
  checkAbort(options.signal);
  const line = new Connection(worker);
  const abort = (): void =>
    line.end(
      new SageError("aborted", "connectSage was aborted by its signal.", {
        cause: options.signal?.reason,
      }),
    );
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    await line.opened;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
  return createProxy(line);
}

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A connection: calls that wait for their answers, and the signs that none will come. */
class Connection {
  readonly opened: Promise<void>;
  readonly #port: Port;
  readonly #connection = crypto.randomUUID();
  readonly #pending = new Map<number, PendingCall>();
  readonly #stops: (() => void)[] = [];
  #welcome: PendingCall | undefined;
  #ended: Error | undefined;
  #calls = 0;
  #locked = false;

  constructor(port: Port) {
    this.#port = port;
    this.opened = new Promise<unknown>(
      (resolve, reject) => (this.#welcome = { resolve, reject }),
    ) as Promise<void>;
    this.#stops.push(
      listen(
        port,
        "message",
        (message) => isProtocolMessage<Reply>(message) && this.#receive(message),
      ),
      listen(port, "messageerror", () => this.#gone("a message could not be read")),
      listen(port, "exit", () => this.#gone("it exited")),
      listen(port, "close", () => this.#gone("its port closed")),
      // Once it serves, a worker outlives an error nobody caught; the lock knows better.
      listen(port, "error", (error) => this.#locked || this.#gone("it failed", error)),
    );
    this.#send({ sage: "hello", connection: this.#connection });
  }

  /** Calls a method over there. */
  call(method: Method, args: unknown[], signal?: AbortSignal): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const call = this.#calls++;
    const answer = new Promise<unknown>((resolve, reject) =>
      this.#pending.set(call, { resolve, reject }),
    );
    this.#send(
      {
        sage: "call",
        connection: this.#connection,
        call,
        method,
        args,
        abortable: signal !== undefined,
      },
      call,
    );
    const abort = (): void => {
      this.#send({ sage: "abort", connection: this.#connection, call });
      this.#settle(call)?.reject(
        new SageError("aborted", "The call was aborted by its signal.", { cause: signal?.reason }),
      );
    };
    signal?.addEventListener("abort", abort);
    return answer.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Rejects everything that waits, and every later call. */
  end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const stop of this.#stops) stop();
    this.#welcome?.reject(reason);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  #receive(reply: Reply): void {
    if (reply.sage === "serving" && this.#welcome)
      this.#send({ sage: "hello", connection: this.#connection });
    if (reply.sage === "serving" || reply.connection !== this.#connection) return;
    if (reply.sage === "opened") void this.#open(reply.lock);
    if (reply.sage === "refused") this.end(deserializeError(reply.error));
    if (reply.sage === "answer") this.#settle(reply.call)?.resolve(reply.value);
    if (reply.sage === "failure") this.#settle(reply.call)?.reject(deserializeError(reply.error));
  }

  /** Takes a call off the list of those that wait. */
  #settle(call: number): PendingCall | undefined {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    return pending;
  }

  #send(message: Request, call?: number): void {
    try {
      this.#port.postMessage(message);
    } catch (cause) {
      if (call === undefined) throw cause;
      this.#settle(call)?.reject(
        new SageError("option", "The arguments hold something that cannot be sent to a worker.", {
          cause,
        }),
      );
    }
  }

  async #open(lock: string | undefined): Promise<void> {
    const welcome = this.#welcome;
    this.#welcome = undefined;
    if (lock !== undefined && welcome)
      await this.#watch(lock).catch((error: unknown) =>
        this.#gone("its lock cannot be watched", error),
      );
    if (this.#ended) welcome?.reject(this.#ended);
    else welcome?.resolve(undefined);
  }

  /** Waits for the lock that the worker holds: to be given it is to be told that the worker is gone. */
  async #watch(lock: string): Promise<void> {
    // A worker of another origin has locks of its own: there this one is free, and tells nothing.
    const free = await navigator.locks.request(
      lock,
      { ifAvailable: true },
      (granted) => granted !== null,
    );
    if (free || this.#ended) return;
    const stop = new AbortController();
    this.#stops.push(() => stop.abort());
    this.#locked = true;
    navigator.locks
      .request(lock, { signal: stop.signal }, () => this.#gone("it was terminated"))
      .catch((error: unknown) => this.#ended ?? this.#gone("its lock cannot be watched", error));
  }

  #gone(why: string, cause?: unknown): void {
    const message = `The worker is gone: ${why}. Start a new one and connect again; what was stored is there.`;
    this.end(new SageError("worker-gone", message, { cause }));
  }
}

function createProxy(line: Connection): Sage {
  const call =
    <Name extends Method>(method: Name) =>
    (...args: unknown[]): ReturnType<Sage[Name]> =>
      line.call(method, args) as ReturnType<Sage[Name]>;
  const ask = (method: "recommend" | "preview") => async (options?: RecommendOptions) => {
    if (typeof options !== "object" || options === null) return line.call(method, [options]);
    checkAbort(options.signal);
    const { signal, ...given } = options;
    // A generator cannot be cloned; whatever else is no list of ids is sent as it is, and refused over there.
    if (typeof given.exclude?.[Symbol.iterator] === "function" && typeof given.exclude !== "string")
      given.exclude = [...given.exclude];
    return line.call(method, [given], signal);
  };
  const sage: Sage = {
    record: call("record"),
    profile: call("profile"),
    recommend: ask("recommend") as Sage["recommend"],
    explain: call("explain"),
    preview: ask("preview") as Sage["preview"],
    hide: call("hide"),
    forget: call("forget"),
    export: call("export"),
    import: call("import"),
    map: call("map"),
    async close() {
      await line.call("close", []).catch((error: unknown) => {
        if ((error as Partial<SageError>).code !== "closed") throw error;
      });
      line.end(new SageError("closed", "This sage was closed: connect again with connectSage."));
    },
    [Symbol.asyncDispose]: () => sage.close(),
  };
  return sage;
}
