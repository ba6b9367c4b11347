/**
 * Output files. A regular file is replaced atomically and keeps its mode; a symbolic link stays and
 * its target is replaced; a device, a pipe or a terminal is written straight into.
 */
import { randomBytes } from "node:crypto";
import { constants, fstatSync, type Stats } from "node:fs";
import {
  access,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readlink,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError, messageOf, UsageError } from "./command-error.js";
import { printResultOnStderr } from "./terminal/print.js";

/** Mode of a new file, before the umask. */
const NEW_FILE_MODE = 0o666;
/** Symbolic links followed, as many as Linux follows. */
const MAX_LINKS = 40;

/** A checked output file: it is not one of the command's input files. */
export interface OutputFile {
  /** The name as it was given. */
  readonly name: string;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Checks the destination `name` before any work is done. `inputs` are the files that the command
 * reads, "-" for the standard input: writing to one of them is a UsageError.
 */
export async function openOutput(
  name: string,
  inputs: readonly (string | undefined)[],
): Promise<OutputFile> {
  if (name === "-")
    throw new UsageError("-o: expected a file, saw - (the standard output has the report)");
  const existingStats = await statOrUndefined(name);
  if (existingStats?.isFile()) await rejectInput(name, existingStats, inputs);
  const isStdout = existingStats !== undefined && isSameFile(existingStats, statDescriptor(1));
  if (isStdout && !existingStats.isCharacterDevice()) printResultOnStderr();
  if (existingStats === undefined) {
    try {
      await access(dirname(await followLinks(name)), constants.W_OK);
    } catch (error) {
      throw toWriteError(name, error);
    }
  }
  const write = (bytes: Uint8Array): Promise<void> => {
    if (isStdout) return writeToStdout(bytes);
    return existingStats && !existingStats.isFile()
      ? writeStraight(name, bytes)
      : replaceAtomically(name, existingStats, bytes);
  };
  return {
    name,
    async write(bytes) {
      try {
        await write(bytes);
      } catch (error) {
        throw toWriteError(name, error);
      }
    },
  };
}

function toWriteError(name: string, error: unknown): InputError {
  return new InputError(
    `${name}: cannot be written: ${messageOf(error)}. ` +
      "Choose another file, or check the folder, its permissions and its space.",
  );
}

/**
 * Writes files below a folder in their order, each atomically, and creates folders as needed. Other
 * files in the folder stay.
 */
export async function writeFiles(
  folder: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  for (const { name, bytes } of files) {
    const path = join(folder, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await replaceAtomically(path, await statOrUndefined(path), bytes);
    } catch (error) {
      throw new InputError(
        `${path}: cannot be written: ${messageOf(error)}. ` +
          "Choose another folder, or check its permissions and its space.",
      );
    }
  }
}

async function rejectInput(
  name: string,
  output: Stats,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  for (const input of inputs) {
    if (input === undefined) continue;
    const stats = input === "-" ? statDescriptor(0) : await statOrUndefined(input);
    if (isSameFile(output, stats))
      throw new UsageError(
        `-o: ${name} is an input of this command (${input}): choose another file`,
      );
  }
}

/**
 * Writes a temporary file in the folder of the target and renames it: a concurrent reader gets the
 * old contents or the new ones, never a part. The file is private until it has its final mode.
 */
async function replaceAtomically(
  name: string,
  existingStats: Stats | undefined,
  bytes: Uint8Array,
): Promise<void> {
  const target = await followLinks(name);
  // A rename would replace a file that its owner has protected against writing.
  if (existingStats) await access(target, constants.W_OK);
  const temporaryPath = join(
    dirname(target),
    `.${basename(target).slice(0, 100)}.${randomBytes(6).toString("hex")}.part`,
  );
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporaryPath, "wx", existingStats ? 0o600 : NEW_FILE_MODE);
    await handle.writeFile(bytes);
    if (existingStats) {
      // The owner is set before the mode: changing the owner clears the set-user-id bits.
      if (process.getuid?.() === 0) await handle.chown(existingStats.uid, existingStats.gid);
      await handle.chmod(existingStats.mode & 0o7777);
    }
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporaryPath, target);
  } catch (error) {
    await handle?.close();
    await rm(temporaryPath, { force: true });
    throw error;
  }
}

/** Writes into an existing device or pipe; waits until a named pipe has a reader. */
async function writeStraight(name: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(name, constants.O_WRONLY);
  try {
    await handle.writeFile(bytes);
  } finally {
    await handle.close();
  }
}

/** Writes through process.stdout, so that a report printed afterwards continues at its offset. */
function writeToStdout(bytes: Uint8Array): Promise<void> {
  return new Promise((done, fail) =>
    process.stdout.write(bytes, (error) => (error ? fail(error) : done())),
  );
}

/** The path behind symbolic links, also of a link whose target does not exist yet. */
async function followLinks(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const stats = await lstat(target).catch(ignoreMissing);
    if (!stats?.isSymbolicLink()) return target;
    target = resolve(dirname(target), await readlink(target));
  }
  throw new Error(`${MAX_LINKS} symbolic links, perhaps in a circle`);
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  // Errors other than a missing file are reported when the file is read or written.
  return stat(path).catch(() => undefined);
}

function statDescriptor(descriptor: number): Stats | undefined {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined; // the descriptor is closed
  }
}

function isSameFile(a: Stats, b: Stats | undefined): boolean {
  return b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
