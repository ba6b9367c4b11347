/**
 * The one error type of the package: an `Error` with a stable `code`.
 *
 * Four families: the caller's mistake (dimension, not-finite, option, unknown-item, not-ready, closed, aborted), stored bytes (corrupt,
 * version), the world (retrieval, storage, worker-gone, memory) and our own bug (crashed).
 */

/** The codes that come out of the Rust core, in the order of `ERROR_CODES` in src/error.rs. */
export const CORE_ERROR_CODES = [
  "dimension",
  "not-finite",
  "option",
  "corrupt",
  "version",
  "memory",
] as const;

/** Every code a {@link SageError} can carry. */
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

/** What went wrong, for programs. The message is for people: the value seen, the value expected, the way out. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What every function of this package throws or rejects with. */
export class SageError extends Error {
  override readonly name = "SageError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is a {@link SageError}, also when it comes from another realm (an iframe, a second copy of this package). */
export function isSageError(error: unknown): error is SageError {
  if (Object.prototype.toString.call(error) !== "[object Error]") return false;
  const { name, code } = error as Partial<SageError>;
  return name === "SageError" && isErrorCode(code);
}

/** Whether `code` is one of {@link ERROR_CODES}. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code);
}

/** An error thrown by the core, as a SageError: its own code, or "crashed" for a trap, which no input should be able to cause. */
export function fromCoreError(error: unknown): SageError {
  if (isSageError(error)) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if ((CORE_ERROR_CODES as readonly unknown[]).includes(code)) {
    return new SageError(code as ErrorCode, String(message), { cause: error });
  }
  return new SageError(
    "crashed",
    `The core stopped with "${String(message ?? error)}". This is a bug in pocketsage. A fresh instance answers from the next call on; ` +
      "nothing you recorded is lost.",
    { cause: error },
  );
}

/** `error` if it is a SageError already, else a SageError of this code that has it as its cause. */
export function asSageError(error: unknown, code: ErrorCode, what: string): SageError {
  if (isSageError(error)) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SageError(code, `${what}: ${reason}`, { cause: error });
}
