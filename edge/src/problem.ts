/** What goes wrong, as the caller sees it: a status, a code and a sentence. */
import { isSageError } from "pocketsage";
import { RetrievalError } from "pocketsage/remote";
import { TokenError } from "./token.js";

/** An answer that is an error. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const STATUS: Record<string, number> = {
  ...{ option: 400, dimension: 400, "not-finite": 400, corrupt: 400, version: 400 },
  ...{ "unknown-item": 422, memory: 413, retrieval: 502, storage: 503 },
};

/** Any error as a Problem. Errors that crossed from a Durable Object have kept their name and code, not their class. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TokenError) {
    return new Problem(401, "token", `The token was refused: ${error.message}.`, { "www-authenticate": 'Bearer error="invalid_token"' });
  }
  if (isSageError(error)) {
    const late = error instanceof RetrievalError && (error.reason === "timeout" || error.reason === "deadline");
    const open = error instanceof RetrievalError && error.reason === "open";
    return new Problem(open ? 503 : late ? 504 : (STATUS[error.code] ?? 500), error.code, error.message, open ? { "retry-after": "10" } : {});
  }
  return new Problem(500, "internal", "Something went wrong here; it is in the log.");
}
