/** `pocketsage delta`: what changed between two catalogues, as a small file. */
import { need, parseOptions } from "../arguments.js";
import { difference } from "../build/diff.js";
import { InputError, messageOf } from "../command-error.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { count, print, printFacts, printJson } from "../terminal/print.js";
import { refuseStdout, writeWhole } from "../write-file.js";

export const help = `Write what changed between two catalogues, so that apps need not download the whole again.

Usage
  pocketsage delta OLDER NEWER -o DELTA [options]

  DELTA holds the items that are new or differ and the ids that are no more. It applies to that older catalogue alone:
  catalogue.merge(bytes) in an app, or pocketsage merge. Both catalogues must have the same length of vectors, metric
  and precision.

Options
  -o, --out FILE  where to write the delta
      --json      the report as JSON
  -h, --help      this text

Example
  $ pocketsage delta monday.sage tuesday.sage -o tuesday.delta

Exit codes
  0  the delta was written
  1  a file cannot be read or written, or the two do not go together
  2  the command line is wrong
`;

const OPTIONS = {
  out: { type: "string", short: "o" },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, all } = parseOptions(args, OPTIONS, 2);
  const [older, newer] = [
    need("the older catalogue's file", all[0]),
    need("the newer catalogue's file", all[1]),
  ];
  const output = need("-o DELTA", values.out);
  refuseStdout(output);
  const [before, after] = [await readCatalogue(older), await readCatalogue(newer)];
  let found;
  try {
    found = difference(before.catalogue, after.catalogue);
  } catch (error) {
    throw new InputError(`${older} and ${newer}: ${messageOf(error)}`);
  }
  const { bytes, changed, dropped } = found;
  await writeWhole(output, bytes);
  const facts = {
    file: output,
    bytes: bytes.length,
    share: bytes.length / after.bytes,
    changed,
    dropped,
    base: before.catalogue.revision,
    revision: after.catalogue.revision,
  };
  if (values.json) return printJson(facts);
  print(output);
  printFacts([
    ["bytes", `${count(facts.bytes)}, ${(facts.share * 100).toFixed(1)} % of the newer catalogue`],
    ["changed", count(changed)],
    ["dropped", count(dropped)],
    ["base", facts.base],
    ["revision", facts.revision],
  ]);
}
