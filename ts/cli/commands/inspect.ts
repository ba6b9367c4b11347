/** `pocketsage inspect`: the properties of a catalogue, or one item and its neighbours. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { parseArguments, parseInteger, requireValue } from "../arguments.js";
import { InputError } from "../command-error.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { displayName } from "../read/stream.js";
import { printCatalogue, reportOf } from "../terminal/catalogue-report.js";
import {
  formatCount,
  formatPrior,
  labelOf,
  payloadOf,
  print,
  printFields,
  printJson,
  printTable,
} from "../terminal/print.js";

export const help = `Show the contents of a catalogue.

Usage
  pocketsage inspect CATALOGUE [options]

  CATALOGUE is a file written by pocketsage build; - is the standard input. Without --item:
  number of items, vector length, file size, spread (mean squared distance of two items), hash,
  the name of the vector space, and the first items.

Options
      --item ID   one item: its payload, its prior, the norm of its stored vector (with the cosine
                  metric 1, or 0 for a zero vector), and its nearest neighbours
  -n, --count N   number of first items, or of neighbours (default: 5)
  -q, --quiet     no notes on the standard error
      --json      the result as JSON
  -h, --help      this text

Example
  $ pocketsage inspect emoji.sage --item 1F355

Exit codes
  0  success
  1  the file cannot be read, is not a catalogue, or does not contain the item
  2  the command line is invalid
`;

const OPTIONS = {
  item: { type: "string" },
  count: { type: "string", short: "n", default: "5" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

/** Ids that an error message lists as examples. */
const EXAMPLE_IDS = 5;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const file = requireValue("the catalogue file", positionals[0]);
  const count = parseInteger("--count", values.count);
  const { catalogue, bytes } = await readCatalogue(file);
  const name = displayName(file);
  if (values.item === undefined) showCatalogue(name, catalogue, bytes, count, values.json);
  else showItem(name, catalogue, values.item, count, values.json);
}

function showCatalogue(
  file: string,
  catalogue: Catalogue,
  bytes: number,
  count: number,
  json: boolean,
): void {
  const report = reportOf(file, catalogue, bytes);
  const first = firstIds(catalogue, count);
  if (json) return printJson({ ...report, first });
  printCatalogue(report);
  if (first.length === 0) return;
  print("");
  print("first items");
  printTable(
    ["id", "item"],
    first.map((item) => [item, labelOf(catalogue, item)]),
  );
}

function showItem(
  file: string,
  catalogue: Catalogue,
  item: string,
  neighbourCount: number,
  json: boolean,
): void {
  const vector = catalogue.vector(item);
  if (!vector) {
    const size = formatCount(catalogue.size);
    const examples = firstIds(catalogue, EXAMPLE_IDS).join(", ");
    throw new InputError(`${file}: no item "${item}" among ${size}. The first ids: ${examples}.`);
  }
  const norm = Math.hypot(...vector);
  const payload = payloadOf(catalogue, item);
  const prior = catalogue.prior(item)!;
  const neighbourHits = catalogue.search(vector, { count: neighbourCount, exclude: [item] });
  if (json) {
    const neighbours = neighbourHits.map((hit) => ({ ...hit, ...payloadOf(catalogue, hit.item) }));
    return printJson({ item, norm, prior, ...payload, nearest: neighbours });
  }
  print(labelOf(catalogue, item));
  printFields([
    ["id", item],
    ["norm", norm.toFixed(3)],
    ["prior", formatPrior(prior)],
    ["payload", JSON.stringify(payload.payload) ?? "none"],
  ]);
  if (neighbourHits.length === 0) return;
  print("");
  print("nearest");
  printTable(
    [">score", "item", "id"],
    neighbourHits.map((hit) => [hit.score.toFixed(3), labelOf(catalogue, hit.item), hit.item]),
  );
}

/** The first `count` ids in catalogue order; all if there are fewer. */
function firstIds(catalogue: Catalogue, count: number): string[] {
  const first: string[] = [];
  for (const id of catalogue.ids()) {
    first.push(id);
    if (first.length === count) break;
  }
  return first;
}
