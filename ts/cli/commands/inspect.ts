/** `pocketsage inspect`: what is in a catalogue. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { need, parseCount, parseOptions } from "../arguments.js";
import { InputError } from "../command-error.js";
import { readCatalogue } from "../read/catalogue-file.js";
import { nameOf } from "../read/stream.js";
import { factsOf, printCatalogue } from "../terminal/catalogue-report.js";
import {
  count,
  labelOf,
  payloadOf,
  print,
  printFacts,
  printJson,
  printTable,
} from "../terminal/print.js";

export const help = `Look into a catalogue.

Usage
  pocketsage inspect CATALOGUE [options]

  CATALOGUE is a file made by pocketsage build, or - for the standard input. Without options: how many items, the
  length of the vectors, the size, the spread (mean squared distance of two items), the hash, and the first items.

Options
      --item ID   one item: its payload, the length of its vector as stored (1, or 0 for a zero vector), its neighbours
  -n, --count N   how many first items, or neighbours (default: 5)
      --json      the result as JSON
  -h, --help      this text

Example
  $ pocketsage inspect emoji.sage --item 1F355

Exit codes
  0  done
  1  the file cannot be read, is no catalogue, or does not have the item
  2  the command line is wrong
`;

const OPTIONS = {
  item: { type: "string" },
  count: { type: "string", short: "n", default: "5" },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, argument } = parseOptions(args, OPTIONS);
  const file = need("the catalogue's file", argument);
  const most = parseCount("--count", values.count);
  const { catalogue, bytes } = await readCatalogue(file);
  if (values.item !== undefined)
    return showItem(nameOf(file), catalogue, values.item, most, values.json);
  showCatalogue(nameOf(file), catalogue, bytes, most, values.json);
}

function showCatalogue(
  file: string,
  catalogue: Catalogue,
  bytes: number,
  most: number,
  json: boolean,
): void {
  const facts = factsOf(file, catalogue, bytes);
  const first = firstOf(catalogue.ids(), most);
  if (json) return printJson({ ...facts, first });
  printCatalogue(facts);
  if (first.length === 0) return;
  print("\nfirst items");
  printTable(
    ["id", "item"],
    first.map((item) => [item, labelOf(catalogue, item)]),
  );
}

function showItem(
  file: string,
  catalogue: Catalogue,
  item: string,
  most: number,
  json: boolean,
): void {
  const vector = catalogue.vector(item);
  if (!vector) {
    const first = firstOf(catalogue.ids(), 5).join(", ");
    throw new InputError(
      `${file}: there is no item "${item}" among its ${count(catalogue.size)}. The first are: ${first}.`,
    );
  }
  const norm = Math.hypot(...vector);
  const { payload } = payloadOf(catalogue, item);
  const nearest = catalogue.search(vector, { count: most, exclude: [item] });
  if (json) {
    const neighbours = nearest.map((hit) => ({ ...hit, ...payloadOf(catalogue, hit.item) }));
    return printJson({ item, norm, ...payloadOf(catalogue, item), nearest: neighbours });
  }
  print(labelOf(catalogue, item));
  printFacts([
    ["id", item],
    ["norm", norm.toFixed(3)],
    ["payload", payload === undefined ? "none" : JSON.stringify(payload)],
  ]);
  if (nearest.length === 0) return;
  print("\nnearest");
  printTable(
    [">score", "item", "id"],
    nearest.map((hit) => [hit.score.toFixed(3), labelOf(catalogue, hit.item), hit.item]),
  );
}

function firstOf(ids: Iterator<string>, most: number): string[] {
  const first: string[] = [];
  for (let next = ids.next(); !next.done && first.length < most; next = ids.next())
    first.push(next.value);
  return first;
}
