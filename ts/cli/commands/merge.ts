/** `pocketsage merge`: reads a catalogue and a delta, and writes the newer catalogue. */
import { InputError, messageOf } from "../command-error.js";
import { openFilePair } from "../file-pair.js";
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

export async function run(args: string[]): Promise<void> {
  const { first, second, output, json } = await openFilePair(args, {
    first: "the catalogue file",
    second: "the delta file",
    out: "-o NEWER",
  });
  const { catalogue } = await readCatalogue(first);
  const delta = await readBytes(second);
  try {
    catalogue.merge(delta);
    catalogue.compact();
  } catch (error) {
    throw new InputError(`${second}: ${messageOf(error)}`);
  }
  const bytes = catalogue.toBytes();
  await output.write(bytes);
  const { revision } = catalogue;
  const report = { ...reportOf(output.name, catalogue, bytes.length), revision };
  if (json) return printJson(report);
  printCatalogue(report, [["revision", revision]]);
}
