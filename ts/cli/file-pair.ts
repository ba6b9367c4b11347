/** Arguments of the commands that make one file of two: `FIRST SECOND -o OUT [-q] [--json]`. */
import { parseArguments, requireValue } from "./arguments.js";
import { type OutputFile, openOutput } from "./output-file.js";

const OPTIONS = {
  out: { type: "string", short: "o" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

/** The files that such a command reads, and the file that it writes. */
export interface FilePair {
  readonly first: string;
  readonly second: string;
  readonly output: OutputFile;
  /** Whether the report is printed as JSON. */
  readonly json: boolean;
}

/**
 * Parses the arguments and opens the output. `names` describe the three files in errors. Throws a
 * UsageError for a missing argument, and for an output that is one of the inputs.
 */
export async function openFilePair(
  args: string[],
  names: Readonly<Record<"first" | "second" | "out", string>>,
): Promise<FilePair> {
  const { values, positionals } = parseArguments(args, OPTIONS, 2);
  const first = requireValue(names.first, positionals[0]);
  const second = requireValue(names.second, positionals[1]);
  const output = await openOutput(requireValue(names.out, values.out), [first, second]);
  return { first, second, output, json: values.json };
}
