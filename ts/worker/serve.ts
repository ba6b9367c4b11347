/** The worker's side of a connection: serves one sage to all clients of a port. */
import { SageError } from "../errors.js";
import type { Sage } from "../sage/types.js";
import { checkFunction, inspect } from "../values/check.js";
import {
  isProtocolMessage,
  listen,
  METHODS,
  type Port,
  type Reply,
  type Request,
  serializeError,
} from "./protocol.js";

/**
 * Serves a sage to the clients that connect with `connectSage`. Call it once, in the worker.
 *
 * `open` is called when the first client connects, and again after it has rejected or the sage was
 * closed; all clients share the sage, which is closed with the last of them. If `open` rejects, so
 * does `connectSage`. `port` defaults to the worker itself, in browsers and in Node. Throws
 * code "option" outside a worker without a `port`.
 */
export function serveSage(open: () => Promise<Sage>, port: Port = workerPort()): void {
  checkFunction("serveSage", open);
  const pendingLockName = holdLivenessLock();
  /** The abort controllers of unanswered calls, by connection and call number. */
  const controllers = new Map<string, AbortController>();
  /** Ids of the open connections. */
  const connections = new Set<string>();
  let openedSage: Promise<Sage> | undefined;
  const reply = (message: Reply, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);

  const openConnection = async (connection: string): Promise<void> => {
    openedSage ??= open().then((sage) => {
      sage.subscribe(() => reply({ sage: "changed" }));
      return sage;
    });
    connections.add(connection);
    try {
      await openedSage;
      reply({ sage: "opened", connection, lock: await pendingLockName });
    } catch (error) {
      openedSage = undefined;
      connections.delete(connection);
      reply({ sage: "refused", connection, error: serializeError(error) });
    }
  };

  /** Removes a connection, and closes the sage if it was the last one. */
  const closeConnection = async (connection: string, sage: Sage): Promise<void> => {
    connections.delete(connection);
    if (connections.size > 0) return;
    openedSage = undefined;
    await sage.close();
  };

  const answerCall = async ({
    connection,
    call,
    method,
    args,
    abortable,
  }: Request & { sage: "call" }): Promise<void> => {
    const key = `${connection} ${call}`;
    const controller = new AbortController();
    controllers.set(key, controller);
    try {
      if (!METHODS.includes(method))
        throw new SageError("option", `There is no method ${inspect(method)} to call.`);
      const sage = await openedSage;
      if (!sage || !connections.has(connection))
        throw new SageError("closed", "This sage was closed: connect again with connectSage.");
      const [options, ...rest] = args;
      const callArgs = abortable
        ? [{ ...(options as object), signal: controller.signal }, ...rest]
        : args;
      const value =
        method === "close"
          ? await closeConnection(connection, sage)
          : await (sage[method] as (...args: unknown[]) => Promise<unknown>)(...callArgs);
      reply(
        { sage: "answer", connection, call, value },
        value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [],
      );
    } catch (error) {
      reply({ sage: "failure", connection, call, error: serializeError(error) });
    } finally {
      controllers.delete(key);
    }
  };

  listen(port, "message", (request) => {
    if (!isProtocolMessage<Request>(request)) return;
    if (request.sage === "hello") void openConnection(request.connection);
    if (request.sage === "call") void answerCall(request);
    if (request.sage === "abort") controllers.get(`${request.connection} ${request.call}`)?.abort();
  });
  reply({ sage: "serving" });
}

/**
 * Acquires a lock and never releases it: when the lock becomes free, the worker has ended. Resolves
 * to its name; undefined where there are no Web Locks.
 */
function holdLivenessLock(): Promise<string | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(undefined); // an insecure context, or no browser
  const name = `pocketsage ${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    locks
      .request(name, () => {
        resolve(name);
        return new Promise<never>(() => undefined);
      })
      // Sandboxed origins refuse locks: there, only the events of the port show the worker's end.
      .catch(() => resolve(undefined));
  });
}

/** The port from this worker to its creator. */
function workerPort(): Port {
  const nodePort = globalThis.process?.getBuiltinModule?.("node:worker_threads")?.parentPort;
  if (nodePort) return nodePort as Port;
  if (typeof document === "undefined" && typeof globalThis.postMessage === "function")
    return globalThis as unknown as Port;
  throw new SageError("option", "serveSage: this is not a worker: pass the port to serve on.");
}
