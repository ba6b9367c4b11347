/** `pocketsage merge`: a catalogue and what changed, as the newer catalogue. */
import { need, parseOptions } from "../arguments.js";
import { InputError, messageOf } from "../command-error.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { readBytes } from "../read/stream.js";
import { factsOf, printCatalogue } from "../terminal/catalogue-report.js";
import { printJson } from "../terminal/print.js";
import { refuseStdout, writeWhole } from "../write-file.js";

export const help = `Apply a delta to the catalogue it was made for.

Usage
  pocketsage merge CATALOGUE DELTA -o NEWER [options]

  The result has the same items as the newer catalogue, in another order. Room of items that are no more is given back.

Options
  -o, --out FILE  where to write the newer catalogue
      --json      the report as JSON
  -h, --help      this text

Example
  $ pocketsage merge monday.sage tuesday.delta -o tuesday.sage

Exit codes
  0  the catalogue was written
  1  a file cannot be read or written, or the delta is for another catalogue
  2  the command line is wrong
`;

const OPTIONS = {
  out: { type: "string", short: "o" },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, all } = parseOptions(args, OPTIONS, 2);
  const [file, delta] = [need("the catalogue's file", all[0]), need("the delta's file", all[1])];
  const output = need("-o NEWER", values.out);
  refuseStdout(output);
  const { catalogue } = await readCatalogue(file);
  const changes = await readBytes(delta);
  try {
    catalogue.merge(changes);
    catalogue.compact();
  } catch (error) {
    throw new InputError(`${delta}: ${messageOf(error)}`);
  }
  const bytes = catalogue.toBytes();
  await writeWhole(output, bytes);
  const facts = { ...factsOf(output, catalogue, bytes.length), revision: catalogue.revision };
  if (values.json) printJson(facts);
  else printCatalogue(facts, [["revision", facts.revision]]);
}
