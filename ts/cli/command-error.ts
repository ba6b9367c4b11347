/** The two ways a command ends badly, and what the shell is told. */

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  readonly exitCode = 2;
}

/** The input or the work failed: exit code 1. The message begins with where: "items.jsonl:12: ...". */
export class InputError extends Error {
  readonly exitCode = 1;
}

/** What an error says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
