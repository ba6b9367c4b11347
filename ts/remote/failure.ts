/** What goes wrong out there, with the facts that decide whether to try again. */
import { SageError } from "../errors.js";

/**
 * Why a request failed: nobody answered ("network"), not in time ("timeout", "deadline"), an HTTP status ("status"), credentials
 * ("refused"), no such collection or item ("not-found"), an answer that is not the engine's ("reply"), a redirect, which is never followed
 * ("redirect"), or nobody was asked because the engine failed a moment ago ("open").
 */
export type FailureReason =
  | "network"
  | "timeout"
  | "deadline"
  | "status"
  | "refused"
  | "not-found"
  | "reply"
  | "redirect"
  | "open";

/** A "retrieval" error that knows its reason. */
export class RetrievalError extends SageError {
  readonly reason: FailureReason;
  /** The HTTP status, where there was one. */
  readonly status: number | undefined;
  /** How long the engine asked to be left alone, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(
    reason: FailureReason,
    message: string,
    facts: { status?: number; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super("retrieval", message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = reason;
    this.status = facts.status;
    this.retryAfter = facts.retryAfter;
  }
}

/** Whether the same request may succeed a moment later: nobody answered, in time or at all, or said 408, 429 or 5xx. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof RetrievalError)) return false;
  if (error.reason === "network" || error.reason === "timeout") return true;
  return (
    error.reason === "status" &&
    (error.status === 408 || error.status === 429 || error.status! >= 500)
  );
}
