/** Output files: each is written completely or left as it was. */
import { rename, rm, writeFile } from "node:fs/promises";
import { InputError, messageOf, UsageError } from "./command-error.js";

/**
 * Writes a temporary file in the same folder and renames it, so that a concurrent reader gets the
 * old contents or the new ones, never a part.
 */
export async function writeAtomically(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new InputError(`${file}: cannot be written: ${messageOf(error)}`);
  }
}

/** Rejects `-o -`: binary output goes to a file only. */
export function rejectStdout(file: string): void {
  if (file === "-")
    throw new UsageError("-o: expected a file, saw - (the standard output is not supported)");
}
