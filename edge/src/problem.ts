/** Error responses: the status, code and message for the caller, and the fields for the log. */
import { isSageError } from "pocketsage";
import { RetrievalError } from "pocketsage/remote";
import type { Failure, Fault } from "./contract.js";
import { SettingError } from "./settings.js";
import { TokenError } from "./token.js";

const MAX_FRAMES = 5;

/** An error response. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
    /** Fields for the log only. */
    readonly logFields: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** An expected error as plain data; undefined for a bug. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof RetrievalError) {
    const { code, message, reason, status } = error;
    return { code, message, reason, status, sqlState: sqlStateOf(error.cause) };
  }
  // A failed retrieval without a reason: the engine's reply made the retriever fail.
  if (isSageError(error) && error.code === "retrieval")
    return { code: error.code, message: error.message, reason: "reply" };
  if (isSageError(error)) return { code: error.code, message: error.message };
  if (error instanceof SettingError) return { code: "settings", message: error.message };
  return undefined;
}

/** The SQLSTATE of an error of pgvector, five capital letters and digits. */
function sqlStateOf(cause: unknown): string | undefined {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * A bug as plain data. Its message stays out of the log, because it may quote an engine's reply or
 * an item id; the log has its name and the places in the code.
 */
export function bugOf(error: unknown): Fault {
  const { name, message, stack = "" } = error instanceof Error ? error : new Error();
  const header = `${name}: ${message}`;
  const frames = stack.startsWith(header) ? stack.slice(header.length) : "";
  const codePlaces = [
    ...frames.matchAll(/^ +at (?:async )?([\w.<>#$ ]+ )?\(?.*?([\w.-]+:\d+:\d+)\)?$/gm),
  ];
  return {
    code: "internal",
    message: "Internal error; the Worker's log has its place in the code.",
    bug: {
      error: /^\w{1,40}$/.test(name) ? name : "Error",
      at: codePlaces.slice(0, MAX_FRAMES).map(([, caller = "", place]) => `${caller}${place}`),
    },
  };
}

/** The HTTP status of each error code; 500 for codes not listed. */
const STATUS_OF_CODE: Record<string, number> = {
  option: 400,
  dimension: 400,
  "not-finite": 400,
  "unknown-item": 422,
  memory: 413,
  quota: 413,
  retrieval: 502,
  storage: 503,
};

/**
 * The response to a fault. The message of an engine is neither returned nor logged: it may quote
 * what was sent, items and credentials included.
 */
function problemOfFault(fault: Fault): Problem {
  const { code, message, reason, status, sqlState, bug } = fault;
  if (fault.invalidBody) return new Problem(400, code, `The body: ${message}`);
  if (reason === undefined) {
    const logFields = code === "settings" ? { detail: message } : { ...bug };
    return new Problem(STATUS_OF_CODE[code] ?? 500, code, message, {}, logFields);
  }
  const logFields = { reason, engineStatus: status, sqlState };
  if (reason === "open")
    return new Problem(
      503,
      code,
      "The vector engine is failing, and requests to it are paused: try again in 10 seconds.",
      { "retry-after": "10" },
      logFields,
    );
  if (reason === "timeout" || reason === "deadline")
    return new Problem(
      504,
      code,
      "The vector engine did not answer in time: try again.",
      {},
      logFields,
    );
  return new Problem(502, code, `The vector engine failed (${reason}).`, {}, logFields);
}

/** The response to any error. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TokenError) {
    return new Problem(401, "token", `The token was refused: ${error.message}.`, {
      "www-authenticate": 'Bearer error="invalid_token"',
    });
  }
  return problemOfFault(faultOf(error) ?? bugOf(error));
}

/** The result of a Durable Object call; throws the Problem of a failed one. */
export function unwrap<T>(result: T): Exclude<T, Failure> {
  if (typeof result === "object" && result !== null && "fault" in result)
    throw problemOfFault((result as unknown as Failure).fault);
  return result as Exclude<T, Failure>;
}
