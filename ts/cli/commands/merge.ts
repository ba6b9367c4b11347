/** `pocketsage merge`: reads a catalogue and a delta, and writes the newer catalogue. */
import { parseArguments, requireValue } from "../arguments.js";
import { InputError, messageOf } from "../command-error.js";
import { openOutput } from "../output-file.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { readBytes } from "../read/stream.js";
import { printCatalogue, reportOf } from "../terminal/catalogue-report.js";
import { printJson } from "../terminal/print.js";

export const help = `Apply a delta to the older of the two catalogues it was made from.

Usage
  pocketsage merge CATALOGUE DELTA -o NEWER [options]

  The result has the items of the newer catalogue, in another order. The space of removed items
  is freed.

Options
  -o, --out FILE  where to write the newer catalogue
  -q, --quiet     no notes on the standard error
      --json      the report as JSON
  -h, --help      this text

Example
  $ pocketsage merge monday.sage tuesday.delta -o tuesday.sage

Exit codes
  0  the catalogue was written
  1  a file cannot be read or written, or the delta is for another catalogue
  2  the command line is invalid
`;

const OPTIONS = {
  out: { type: "string", short: "o" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS, 2);
  const file = requireValue("the catalogue file", positionals[0]);
  const deltaFile = requireValue("the delta file", positionals[1]);
  const out = requireValue("-o NEWER", values.out);
  const output = await openOutput(out, [file, deltaFile]);
  const { catalogue } = await readCatalogue(file);
  const delta = await readBytes(deltaFile);
  try {
    catalogue.merge(delta);
    catalogue.compact();
  } catch (error) {
    throw new InputError(`${deltaFile}: ${messageOf(error)}`);
  }
  const bytes = catalogue.toBytes();
  await output.write(bytes);
  const { revision } = catalogue;
  const report = { ...reportOf(output.name, catalogue, bytes.length), revision };
  if (values.json) return printJson(report);
  printCatalogue(report, [["revision", revision]]);
}
