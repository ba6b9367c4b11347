#!/usr/bin/env node
/** The command line of PocketSage: finds the command, runs it, and turns what went wrong into a message and an exit code. */
import { readFile } from "node:fs/promises";
import "../entry/node.js";
import { isSageError } from "../errors.js";
import { InputError, messageOf, UsageError } from "./command-error.js";

const HELP = `PocketSage: recommendations that learn on the device.

Usage
  pocketsage COMMAND [options]

Commands
  build      make a catalogue from items with vectors (JSON lines, CSV, Parquet or NumPy)
  inspect    look into a catalogue
  verify     check that a catalogue or a delta is whole
  delta      write what changed between two catalogues
  merge      apply a delta to a catalogue
  profile    show the interests behind a user's actions
  recommend  recommend items, each with the reason

  pocketsage COMMAND --help says more about one of them.

Options
  -h, --help     this text
      --version  the version

Exit codes
  0  done    1  the input or the work failed    2  the command line is wrong
`;

interface Command {
  help: string;
  run(args: string[]): Promise<void>;
}

const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map<
  string,
  () => Promise<Command>
>([
  ["build", () => import("./commands/build.js")],
  ["inspect", () => import("./commands/inspect.js")],
  ["verify", () => import("./commands/verify.js")],
  ["delta", () => import("./commands/delta.js")],
  ["merge", () => import("./commands/merge.js")],
  ["profile", () => import("./commands/profile.js")],
  ["recommend", () => import("./commands/recommend.js")],
]);

async function main([name = "", ...args]: string[]): Promise<void> {
  if (name === "--version") return void process.stdout.write(`${await version()}\n`);
  if (["--help", "-h", "help"].includes(name)) return void process.stdout.write(HELP);
  const command = COMMANDS.get(name);
  if (!command) {
    const known = [...COMMANDS.keys()].join(", ");
    throw new UsageError(
      name
        ? `there is no command "${name}": expected ${known}`
        : `which command? Expected ${known}`,
    );
  }
  const { help, run } = await command();
  if (args.includes("--help") || args.includes("-h")) return void process.stdout.write(help);
  await run(args);
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The exit code; what a stack helps with is shown with it. */
function report(error: unknown, name: string | undefined): number {
  const known = error instanceof UsageError || error instanceof InputError;
  const hint =
    error instanceof UsageError
      ? `\nTry: pocketsage ${name && COMMANDS.has(name) ? `${name} ` : ""}--help`
      : "";
  const text =
    known || isSageError(error) || !(error instanceof Error) ? messageOf(error) : error.stack;
  process.stderr.write(`pocketsage: ${text}${hint}\n`);
  return known ? error.exitCode : 1;
}

// Whoever reads our output may stop reading (`| head`): that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const words = process.argv.slice(2);
main(words).catch((error: unknown) => {
  // Not process.exit: what is still on its way to a pipe would be lost.
  process.exitCode = report(error, words[0]);
});
