/** The errors a command ends with, each with its exit code. */

/** The command line is invalid: exit code 2. */
export class UsageError extends Error {
  readonly exitCode = 2;
}

/**
 * The input is invalid or the work failed: exit code 1. The message begins with the location, as in
 * "items.jsonl:12: ...".
 */
export class InputError extends Error {
  readonly exitCode = 1;
}

/** The message of any thrown value, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
