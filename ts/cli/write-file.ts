/** Files, written whole or not at all. */
import { rename, rm, writeFile } from "node:fs/promises";
import { InputError, messageOf, UsageError } from "./command-error.js";

/** Beside its place first, so that whoever reads the file meanwhile sees the old one or the new one. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const beside = `${file}.${process.pid}.part`;
  try {
    await writeFile(beside, bytes);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new InputError(`${file}: cannot be written: ${messageOf(error)}`);
  }
}

/** A catalogue goes to a file. */
export function refuseStdout(file: string): void {
  if (file === "-")
    throw new UsageError("-o: a catalogue is written to a file, not to the standard output");
}
