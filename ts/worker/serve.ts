/** The worker's side: one sage, served to whoever connects. */
import { SageError } from "../errors.js";
import type { Sage } from "../sage/types.js";
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
 * Serves the sage that `open` gives to `connectSage` on the other side. Call it once, in the worker; `port` defaults to the worker itself,
 * in the browser and in Node. If `open` fails, whoever connects is told why, and the next to connect has it tried again.
 */
export function serveSage(open: () => Promise<Sage>, port: Port = workerPort()): void {
  const lock = holdLivenessLock();
  const running = new Map<string, AbortController>();
  let opening: Promise<Sage> | undefined;
  const reply = (message: Reply, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);

  const hello = async (connection: string): Promise<void> => {
    opening ??= open();
    try {
      await opening;
      reply({ sage: "opened", connection, lock: await lock });
    } catch (error) {
      opening = undefined;
      reply({ sage: "refused", connection, error: serializeError(error) });
    }
  };

  const answer = async ({
    connection,
    call,
    method,
    args,
    abortable,
  }: Request & { sage: "call" }): Promise<void> => {
    const key = `${connection} ${call}`;
    const controller = new AbortController();
    running.set(key, controller);
    try {
      const sage = await opening;
      if (!sage)
        throw new SageError("closed", "This sage was closed: connect again with connectSage.");
      if (!METHODS.includes(method))
        throw new SageError("option", `There is no method "${String(method)}" to call.`);
      const [options, ...rest] = args;
      const given = abortable
        ? [{ ...(options as object), signal: controller.signal }, ...rest]
        : args;
      const value = await (sage[method] as (...given: unknown[]) => Promise<unknown>)(...given);
      if (method === "close") opening = undefined;
      reply(
        { sage: "answer", connection, call, value },
        value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [],
      );
    } catch (error) {
      reply({ sage: "failure", connection, call, error: serializeError(error) });
    } finally {
      running.delete(key);
    }
  };

  listen(port, "message", (request) => {
    if (!isProtocolMessage<Request>(request)) return;
    if (request.sage === "hello") void hello(request.connection);
    if (request.sage === "call") void answer(request);
    if (request.sage === "abort") running.get(`${request.connection} ${request.call}`)?.abort();
  });
  reply({ sage: "serving" });
}

/** Takes a lock and never gives it back: that it becomes free is how the page learns that this worker is gone. */
function holdLivenessLock(): Promise<string | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(undefined); // not a secure context, or not a browser
  const name = `pocketsage ${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    locks
      .request(name, () => {
        resolve(name);
        return new Promise<never>(() => undefined);
      })
      .catch(() => resolve(undefined)); // a sandboxed origin refuses: the other signs of death must do
  });
}

function workerPort(): Port {
  const node = globalThis.process?.getBuiltinModule?.("node:worker_threads")?.parentPort;
  if (node) return node as Port;
  if (typeof document === "undefined" && typeof globalThis.postMessage === "function")
    return globalThis as unknown as Port;
  throw new SageError("option", "serveSage: this is not a worker: pass the port to serve on.");
}
