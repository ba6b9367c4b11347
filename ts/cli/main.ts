#!/usr/bin/env node
/** The command `pocketsage`: runs one command and maps errors to a message and an exit code. */
import { readFile } from "node:fs/promises";
import "../entry/node.js";
import { isSageError } from "../errors.js";
import { InputError, messageOf, UsageError } from "./command-error.js";
import { suggest } from "./suggest.js";
import { escapeMessage, escapeText } from "./terminal/escape.js";

const HELP = `PocketSage: recommendations that learn on the device.

Usage
  pocketsage COMMAND [options]

Commands
  build      build a catalogue from items with vectors (JSON, CSV, Parquet, NumPy, ...)
  prior      give items a prior: popularity from a log of actions
  inspect    show the contents of a catalogue
  verify     check that a catalogue or a delta is intact
  delta      write the changes between two catalogues
  merge      apply a delta to a catalogue
  migrate    convert a history to a catalogue of another embedding model
  profile    compute the interests behind a user's actions
  recommend  recommend items, each with the reason
  privacy    what may leave a device: a plan of ways, and the ledger of epsilon
  eval       measure recommendations on the actions of many users

  pocketsage COMMAND --help, or pocketsage help COMMAND, describes one command.

Options
  -h, --help     this text
  -V, --version  the version

Exit codes
  0  success    1  the input is invalid or the work failed    2  the command line is invalid
`;

interface Command {
  help: string;
  run(args: string[]): Promise<void>;
}

/** Each command is imported when it runs. */
const COMMAND_LOADERS: ReadonlyMap<string, () => Promise<Command>> = new Map<
  string,
  () => Promise<Command>
>([
  ["build", () => import("./commands/build.js")],
  ["prior", () => import("./commands/prior.js")],
  ["inspect", () => import("./commands/inspect.js")],
  ["verify", () => import("./commands/verify.js")],
  ["delta", () => import("./commands/delta.js")],
  ["merge", () => import("./commands/merge.js")],
  ["migrate", () => import("./commands/migrate.js")],
  ["profile", () => import("./commands/profile.js")],
  ["recommend", () => import("./commands/recommend.js")],
  ["privacy", () => import("./commands/privacy.js")],
  ["eval", () => import("./commands/eval.js")],
]);

async function main([name = "", ...args]: string[]): Promise<void> {
  if (["--version", "-V", "-v"].includes(name)) {
    process.stdout.write(`${await packageVersion()}\n`);
    return;
  }
  if (name === "help" && args[0] !== undefined) return main([args[0], "--help"]);
  if (["--help", "-h", "help"].includes(name)) {
    process.stdout.write(HELP);
    return;
  }
  const loadCommand = COMMAND_LOADERS.get(name);
  if (!loadCommand) {
    const names = [...COMMAND_LOADERS.keys()];
    const commands = names.join(", ");
    if (name === "") throw new UsageError(`no command: expected one of ${commands}`);
    if (name.startsWith("-"))
      throw new UsageError(
        `unknown option ${name}` +
          (suggest(name, ["--help", "--version"]) || ": options of a command follow its name"),
      );
    throw new UsageError(
      `unknown command "${name}"${suggest(name, names) || `: expected ${commands}`}`,
    );
  }
  const { help, run } = await loadCommand();
  if (args.includes("--help") || args.includes("-h")) process.stdout.write(help);
  else await run(args);
}

async function packageVersion(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/**
 * Prints the error and returns the exit code. Only unexpected errors are printed with their stack:
 * they are bugs.
 */
function reportError(error: unknown, commandName: string | undefined): number {
  const hasExitCode = error instanceof UsageError || error instanceof InputError;
  const isExpected = hasExitCode || isSageError(error) || !(error instanceof Error);
  const command = commandName && COMMAND_LOADERS.has(commandName) ? `${commandName} ` : "";
  const hint = error instanceof UsageError ? `\nTry: pocketsage ${command}--help` : "";
  const message = isExpected
    ? escapeMessage(messageOf(error))
    : String(error.stack).split("\n").map(escapeText).join("\n");
  process.stderr.write(`pocketsage: ${message}${hint}\n`);
  return hasExitCode ? error.exitCode : 1;
}

// A closed pipe (`pocketsage ... | head`) is a normal end.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`pocketsage: the standard output cannot be written: ${error.message}.\n`);
  process.exit(1);
});

const commandLine = process.argv.slice(2);
main(commandLine).catch((error: unknown) => {
  // process.exit would discard output that a pipe has not accepted yet.
  process.exitCode = reportError(error, commandLine[0]);
});
