/** The error type of the package: an `Error` with a stable `code`. */
import { withoutSecrets } from "./values/url.js";

/** Codes thrown by the Rust core, in the order of `ERROR_CODES` in src/error.rs. */
export const CORE_ERROR_CODES = [
  "dimension",
  "not-finite",
  "option",
  "corrupt",
  "version",
  "memory",
] as const;

/** All values that the `code` of a {@link SageError} can have. */
export const ERROR_CODES = [
  ...CORE_ERROR_CODES,
  "not-ready",
  "closed",
  "aborted",
  "unknown-item",
  "retrieval",
  "storage",
  "worker-gone",
  "crashed",
] as const;

/**
 * The machine-readable reason of a {@link SageError}. Codes are stable; messages may change.
 *
 * | code | cause |
 * |---|---|
 * | `dimension` | an array or vector has the wrong length |
 * | `not-finite` | a number is NaN or infinite |
 * | `option` | any other invalid argument or option |
 * | `unknown-item` | an id without a vector that neither the catalogue nor `vectors` has |
 * | `not-ready` | the wasm is not loaded, or could not be loaded |
 * | `closed` | the sage or catalogue was closed |
 * | `aborted` | the call's AbortSignal fired; `cause` is its reason |
 * | `corrupt` | stored or downloaded bytes are damaged, or of another kind |
 * | `version` | the bytes were written by a newer version of the package |
 * | `memory` | the data does not fit into the memory that is allowed or available |
 * | `retrieval` | a download, a retriever or a vector source failed |
 * | `storage` | the store failed; actions stay in memory |
 * | `worker-gone` | the worker of `connectSage` ended |
 * | `crashed` | a bug in this package; the next call runs in a new wasm instance |
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * The error that every function of this package throws or rejects with.
 *
 * `code` is for programs. `message` is for people: the value seen, the value expected, a remedy.
 * `cause` is the underlying error, where there is one.
 */
export class SageError extends Error {
  override readonly name = "SageError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Whether `error` is a {@link SageError}. Also true for errors of another realm (an iframe, or a
 * second copy of this package), where `instanceof` is false.
 */
export function isSageError(error: unknown): error is SageError {
  if (Object.prototype.toString.call(error) !== "[object Error]") return false;
  const { name, code } = error as Partial<SageError>;
  return name === "SageError" && isErrorCode(code);
}

/** Whether `code` is one of {@link ERROR_CODES}. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code);
}

/** Converts an error returned by the Rust core. Undefined for any other error, such as a trap. */
export function fromCoreError(error: unknown): SageError | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (CORE_ERROR_CODES as readonly unknown[]).includes(code)
    ? new SageError(code as ErrorCode, String(message), { cause: error })
    : undefined;
}

/**
 * Returns `error` itself if it is a SageError, else a SageError with the code `code` and the cause
 * `error`, whose message is `failure` (what could not be done) and the message of `error`.
 */
export function asSageError(error: unknown, code: ErrorCode, failure: string): SageError {
  if (isSageError(error)) return error;
  return new SageError(code, `${failure}: ${reasonOf(error)}`, { cause: error });
}

/** Maximum length of what an error of another package says, in UTF-16 units. */
const MAX_REASON_LENGTH = 300;

/** What an error of another package says: it can quote a URL, which is logged without its query. */
export function reasonOf(error: unknown): string {
  try {
    // `fetch` of Node has what happened in the cause of its error only.
    const { cause } = Object(error) as { cause?: { message?: string } };
    const detail = cause?.message ? ` (${cause.message})` : "";
    // The text of an error is its name and its message.
    return withoutSecrets(String(error) + detail).slice(0, MAX_REASON_LENGTH);
  } catch {
    return "an unknown error";
  }
}
