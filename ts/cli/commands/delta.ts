/** `pocketsage delta`: reads two catalogues and writes the changes between them. */
import { diffCatalogues } from "../build/diff.js";
import { InputError, messageOf } from "../command-error.js";
import { openFilePair } from "../file-pair.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { formatCount, print, printFields, printJson } from "../terminal/print.js";

export const help = `Write the changes between two catalogues, a small file to download.

Usage
  pocketsage delta OLDER NEWER -o DELTA [options]

  DELTA holds the items that are new or changed, changed priors (6 bytes each), and the ids that
  were removed. It applies to OLDER only: catalogue.merge(bytes) in an app, or pocketsage merge.
  Both catalogues must have the same vector length, metric, precision and, if they have names,
  vector space: a catalogue of another model is shipped whole.

Options
  -o, --out FILE  where to write the delta
  -q, --quiet     no notes on the standard error
      --json      the report as JSON
  -h, --help      this text

Example
  $ pocketsage delta monday.sage tuesday.sage -o tuesday.delta

Exit codes
  0  the delta was written
  1  a file cannot be read or written, or the catalogues differ in vector length, metric,
     precision or vector space
  2  the command line is invalid
`;

export async function run(args: string[]): Promise<void> {
  const { first, second, output, json } = await openFilePair(args, {
    first: "the file of the older catalogue",
    second: "the file of the newer catalogue",
    out: "-o DELTA",
  });
  const older = await readCatalogue(first);
  const newer = await readCatalogue(second);
  let delta;
  try {
    delta = diffCatalogues(older.catalogue, newer.catalogue);
  } catch (error) {
    throw new InputError(`${first} and ${second}: ${messageOf(error)}`);
  }
  const { bytes, changed, priors, dropped } = delta;
  await output.write(bytes);
  const report = {
    file: output.name,
    bytes: bytes.length,
    share: bytes.length / newer.bytes,
    changed,
    priors,
    dropped,
    base: older.catalogue.revision,
    revision: newer.catalogue.revision,
  };
  if (json) return printJson(report);
  const changedPercent = (report.share * 100).toFixed(1);
  print(output.name);
  printFields([
    ["bytes", `${formatCount(report.bytes)}, ${changedPercent} % of the newer catalogue`],
    ["changed", formatCount(changed)],
    ["priors", formatCount(priors)],
    ["dropped", formatCount(dropped)],
    ["base", report.base],
    ["revision", report.revision],
  ]);
}
