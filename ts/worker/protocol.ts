/**
 * The messages between a page and a worker that serves a sage.
 *
 * Every message names its connection, so that several clients can share a worker, and foreign
 * messages can share the port.
 *
 *     page                                  worker
 *     hello            ─────────────────▶            (lost if the worker does not listen yet)
 *                      ◀─────────────────   serving  (sent once, on start: the page repeats hello)
 *                      ◀─────────────────   opened | refused
 *     call, abort      ─────────────────▶
 *                      ◀─────────────────   answer | failure
 *                      ◀─────────────────   changed  (to all connections)
 */
import { isErrorCode, SageError } from "../errors.js";
import type { Sage } from "../sage/types.js";
import { checkMethods } from "../values/check.js";

/** The methods that a page may call; all others are refused. `subscribe` is the page's own. */
export const METHODS: readonly Exclude<keyof Sage, symbol | "subscribe">[] = [
  "record",
  "profile",
  "recommend",
  "score",
  "rank",
  "explain",
  "preview",
  "actions",
  "hide",
  "unhide",
  "hidden",
  "dislike",
  "undislike",
  "mute",
  "boost",
  "shown",
  "parameters",
  "forget",
  "export",
  "import",
  "map",
  "close",
];

/** A method of {@link METHODS}. */
export type Method = (typeof METHODS)[number];

/**
 * A message from the page to the worker. `call` numbers the calls of a connection. `abortable`:
 * the first argument is an options object, to which the worker adds an AbortSignal.
 */
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

/**
 * A message from the worker to the page. `lock` names a Web Lock that the worker holds while it
 * lives; undefined where there are no Web Locks.
 */
export type Reply =
  | { sage: "serving" }
  | { sage: "changed" }
  | { sage: "opened"; connection: string; lock: string | undefined }
  | { sage: "refused"; connection: string; error: SerializedError }
  | { sage: "answer"; connection: string; call: number; value: unknown }
  | { sage: "failure"; connection: string; call: number; error: SerializedError };

/** Whether a message belongs to this protocol: other code may use the port too. */
export function isProtocolMessage<Message extends Request | Reply>(
  message: unknown,
): message is Message {
  return typeof message === "object" && message !== null && "sage" in message;
}

/** An error as plain data. Structured cloning of an Error loses `code` and a custom `name`. */
export interface SerializedError {
  name: string;
  message: string;
  code: string | undefined;
  stack: string | undefined;
  cause: SerializedError | undefined;
}

const MAX_CAUSE_DEPTH = 5;

/** The error and its causes as plain data. `depth` counts the causes above this error. */
export function serializeError(error: unknown, depth = 0): SerializedError {
  const { name, message, code, stack, cause } = (
    error instanceof Error ? error : new Error(String(error))
  ) as SageError;
  return {
    name,
    message,
    code: typeof code === "string" ? code : undefined,
    stack,
    cause:
      cause === undefined || depth === MAX_CAUSE_DEPTH
        ? undefined
        : serializeError(cause, depth + 1),
  };
}

/** The error from plain data: a SageError if it was one, else an Error of the same name. */
export function deserializeError(serialized: SerializedError): Error {
  const { name, message, code } = serialized;
  const options = serialized.cause ? { cause: deserializeError(serialized.cause) } : {};
  if (name === "SageError" && isErrorCode(code)) return new SageError(code, message, options);
  return Object.assign(new Error(message, options), { name, ...(code && { code }) });
}

/**
 * An endpoint for messages: a Worker, a worker's global scope, or a MessagePort, in browsers and in
 * Node.
 */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** The listening methods of a port: those of the browser's EventTarget, or Node's EventEmitter. */
interface ListenablePort {
  addEventListener?(type: string, listener: (event: unknown) => void): void;
  removeEventListener?(type: string, listener: (event: unknown) => void): void;
  on?(type: string, listener: (value: unknown) => void): void;
  off?(type: string, listener: (value: unknown) => void): void;
  start?(): void;
}

/**
 * Listens for events of a port: "message", where the listener receives the message that was posted,
 * "error", "exit" and others. Returns a function that removes the listener.
 */
export function listen(port: Port, type: string, listener: (value: unknown) => void): () => void {
  checkMethods("port", port, ["postMessage"]);
  const source = port as Port & ListenablePort;
  if (source.on) {
    source.on(type, listener);
    return () => source.off?.(type, listener);
  }
  const onEvent = (event: unknown): void =>
    listener(type === "message" ? (event as MessageEvent).data : event);
  source.addEventListener?.(type, onEvent);
  if (type === "message") source.start?.();
  return () => source.removeEventListener?.(type, onEvent);
}
