/**
 * What the two sides of a worker say to each other. Every message carries the connection it belongs to, so that several clients can share a
 * worker, and other messages of the page can share the port.
 *
 *     page                                  worker
 *     hello            ─────────────────▶            (lost, if nobody listens yet)
 *                      ◀─────────────────   serving  (said once, when somebody does: the page says hello again)
 *                      ◀─────────────────   opened | refused
 *     call, abort      ─────────────────▶
 *                      ◀─────────────────   answer | failure
 */
import { isErrorCode, SageError } from "../errors.js";
import type { Sage } from "../sage/types.js";

/** The methods that can be called: what is not here cannot. */
export const METHODS = [
  ...[
    "record",
    "profile",
    "recommend",
    "explain",
    "preview",
    "hide",
    "forget",
    "export",
    "import",
    "map",
    "close",
  ],
] as readonly Exclude<keyof Sage, symbol>[];

/** A method of {@link METHODS}. */
export type Method = (typeof METHODS)[number];

/** From the page to the worker. */
export type Request =
  | { sage: "hello"; connection: string }
  | {
      sage: "call";
      connection: string;
      call: number;
      method: Method;
      args: unknown[];
      abortable: boolean;
    }
  | { sage: "abort"; connection: string; call: number };

/** From the worker to the page. `lock` names a Web Lock that is held for as long as the worker lives. */
export type Reply =
  | { sage: "serving" }
  | { sage: "opened"; connection: string; lock: string | undefined }
  | { sage: "refused"; connection: string; error: SerializedError }
  | { sage: "answer"; connection: string; call: number; value: unknown }
  | { sage: "failure"; connection: string; call: number; error: SerializedError };

/** Whether a message is one of ours: pages and workers have others to exchange. */
export function isProtocolMessage<Message extends Request | Reply>(
  message: unknown,
): message is Message {
  return typeof message === "object" && message !== null && "sage" in message;
}

/** An error in a form that survives structured cloning, which keeps neither `code` nor our `name`. */
export interface SerializedError {
  name: string;
  message: string;
  code: string | undefined;
  stack: string | undefined;
  cause: SerializedError | undefined;
}

const MAX_CAUSE_DEPTH = 5;

/** The error for the wire, with its causes. */
export function serializeError(error: unknown, depth = 0): SerializedError {
  const { name, message, code, stack, cause } = (
    error instanceof Error ? error : new Error(String(error))
  ) as SageError;
  const further =
    cause === undefined || depth === MAX_CAUSE_DEPTH ? undefined : serializeError(cause, depth + 1);
  return {
    name,
    message,
    code: typeof code === "string" ? code : undefined,
    stack,
    cause: further,
  };
}

/** The error that came over the wire: a SageError again, if it was one. */
export function deserializeError(wire: SerializedError): Error {
  const options = wire.cause ? { cause: deserializeError(wire.cause) } : {};
  if (wire.name === "SageError" && isErrorCode(wire.code))
    return new SageError(wire.code, wire.message, options);
  return Object.assign(new Error(wire.message, options), {
    name: wire.name,
    ...(wire.code && { code: wire.code }),
  });
}

/** Whatever messages can be sent through: a Worker, its global scope, a MessagePort; in the browser or in Node. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** What the browser's and Node's ports offer to listen with; which of it is there is found out. */
interface ListenablePort {
  addEventListener?(type: string, listener: (event: unknown) => void): void;
  removeEventListener?(type: string, listener: (event: unknown) => void): void;
  on?(type: string, listener: (value: unknown) => void): void;
  off?(type: string, listener: (value: unknown) => void): void;
  start?(): void;
}

/** Listens to a port's "message" (the listener gets what was posted), "error", "exit" and so on. Returns the way to stop. */
export function listen(port: Port, type: string, listener: (value: unknown) => void): () => void {
  const source = port as Port & ListenablePort;
  if (source.on) {
    source.on(type, listener);
    return () => source.off?.(type, listener);
  }
  const unwrap = (event: unknown): void =>
    listener(type === "message" ? (event as MessageEvent).data : event);
  source.addEventListener?.(type, unwrap);
  if (type === "message") source.start?.();
  return () => source.removeEventListener?.(type, unwrap);
}
