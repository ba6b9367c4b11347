/** The error of a failed request, with the details that retries and circuit breakers need. */
import { SageError } from "../errors.js";
import { withoutSecrets } from "../values/url.js";

/**
 * Why a request failed.
 *
 * - "network": no connection, or it broke off.
 * - "timeout", "deadline": no reply within the time limit of one attempt, of all attempts.
 * - "status": an HTTP error status or an equivalent error code.
 * - "refused": invalid credentials or missing rights.
 * - "not-found": no such collection, table or item.
 * - "reply": a reply that differs from the engine's documentation, or is too large.
 * - "redirect": a redirect; redirects are never followed.
 * - "open": the circuit breaker is open, no request was sent.
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

/**
 * Texts of engines are in messages, and can quote the address of a request: queries are left out,
 * and a longer message is cut in the middle.
 */
const MAX_MESSAGE_LENGTH = 500;
/** Largest part of an engine's text in a message, in UTF-16 code units. */
const MAX_EXCERPT_CHARS = 160;

/** A {@link SageError} of code "retrieval" with the reason of the failure. */
export class RetrievalError extends SageError {
  readonly reason: FailureReason;
  /** HTTP status, if there was a reply. */
  readonly status: number | undefined;
  /** The engine's Retry-After, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(
    reason: FailureReason,
    message: string,
    details: { status?: number; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    const half = MAX_MESSAGE_LENGTH / 2;
    const text = withoutSecrets(message);
    const shortMessage =
      text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, half - 1)}…${text.slice(-half)}` : text;
    super(
      "retrieval",
      shortMessage,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.reason = reason;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
  }
}

/**
 * Whether a failure is transient, so that a retry may succeed: a {@link RetrievalError} of reason
 * "network" or "timeout", or of status 408, 429 or 5xx.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof RetrievalError)) return false;
  if (error.reason === "network" || error.reason === "timeout") return true;
  return (
    error.reason === "status" &&
    (error.status === 408 || error.status === 429 || error.status! >= 500)
  );
}

/** The beginning of an engine's text, for a message. */
export function beginningOf(text: string): string {
  return text.slice(0, MAX_EXCERPT_CHARS);
}
