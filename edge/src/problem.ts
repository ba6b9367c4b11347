/** Error responses: the status, code and message for the caller, and the fields for the log. */
import { isSageError } from "pocketsage";
import { RetrievalError } from "pocketsage/remote";
import type { Failure, Fault } from "./contract.js";
import { SettingError } from "./settings.js";
import { TokenError } from "./token.js";

const MAX_DETAIL_LENGTH = 300;

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
  if (error instanceof RetrievalError)
    return { code: error.code, message: error.message, reason: error.reason, status: error.status };
  if (isSageError(error)) return { code: error.code, message: error.message };
  if (error instanceof SettingError) return { code: "settings", message: error.message };
  return undefined;
}

/** The HTTP status of each error code; 500 for codes not listed. */
const STATUS_OF_CODE: Record<string, number> = {
  option: 400,
  dimension: 400,
  "not-finite": 400,
  "unknown-item": 422,
  memory: 413,
  retrieval: 502,
  storage: 503,
};

/** The failures whose messages describe the connection only and cannot contain an item id. */
const REASONS_TO_LOG = ["network", "refused", "not-found", "redirect"];

/** The response to a fault. An engine's own message is logged where it is safe, never returned. */
function problemOfFault({ code, message, reason, status }: Fault): Problem {
  if (reason === undefined) {
    const logFields = code === "settings" ? { detail: message } : {};
    return new Problem(STATUS_OF_CODE[code] ?? 500, code, message, {}, logFields);
  }
  const logFields = {
    reason,
    engineStatus: status,
    ...(REASONS_TO_LOG.includes(reason) ? { detail: message.slice(0, MAX_DETAIL_LENGTH) } : {}),
  };
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
  const fault = faultOf(error);
  if (fault) return problemOfFault(fault);
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Problem(
    500,
    "internal",
    "Internal error; the Worker's log has its cause.",
    {},
    {
      detail,
    },
  );
}

/** The result of a Durable Object call; throws the Problem of a failed one. */
export function unwrap<T>(result: T): Exclude<T, Failure> {
  if (typeof result === "object" && result !== null && "fault" in result)
    throw problemOfFault((result as unknown as Failure).fault);
  return result as Exclude<T, Failure>;
}
