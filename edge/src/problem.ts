/** What goes wrong, as the caller sees it: a status, a code and a sentence; and what of it is the owner's to know, in the log. */
import { isSageError } from "pocketsage";
import { type FailureReason, RetrievalError } from "pocketsage/remote";
import { SettingError } from "./settings.js";
import { TokenError } from "./token.js";

/** An answer that is an error. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
    /** For the log. */
    readonly facts: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** An error as plain data: one that comes from a Durable Object has lost its class on the way. */
export interface Fault {
  code: string;
  message: string;
  reason?: FailureReason | undefined;
  status?: number | undefined;
}

/** The fault behind an error that is expected to happen; none behind a bug. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof RetrievalError)
    return { code: error.code, message: error.message, reason: error.reason, status: error.status };
  if (isSageError(error)) return { code: error.code, message: error.message };
  if (error instanceof SettingError) return { code: "settings", message: error.message };
  return undefined;
}

const STATUS: Record<string, number> = {
  ...{ option: 400, dimension: 400, "not-finite": 400, corrupt: 500, version: 500 },
  ...{ "unknown-item": 422, memory: 413, retrieval: 502, storage: 503 },
};

/** The answer to a fault. What an engine says about itself is for the log, not for the caller, and there only where it cannot hold an item. */
export function problemOfFault({ code, message, reason, status }: Fault): Problem {
  if (reason === undefined)
    return new Problem(
      STATUS[code] ?? 500,
      code,
      message,
      {},
      code === "settings" ? { said: message } : {},
    );
  const facts = {
    reason,
    engineStatus: status,
    ...(["network", "refused", "not-found", "redirect"].includes(reason)
      ? { said: message.slice(0, 300) }
      : {}),
  };
  if (reason === "open")
    return new Problem(
      503,
      code,
      "The engine fails and is left alone for a while: try again soon.",
      { "retry-after": "10" },
      facts,
    );
  if (reason === "timeout" || reason === "deadline")
    return new Problem(504, code, "The engine did not answer in time: try again.", {}, facts);
  return new Problem(502, code, `The engine could not answer (${reason}).`, {}, facts);
}

/** Any error as a Problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TokenError) {
    return new Problem(401, "token", `The token was refused: ${error.message}.`, {
      "www-authenticate": 'Bearer error="invalid_token"',
    });
  }
  const fault = faultOf(error);
  if (fault) return problemOfFault(fault);
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Problem(500, "internal", "Something went wrong here; it is in the log.", {}, { said });
}
