/** `pocketsage inspect`: the properties of a catalogue, or one item and its neighbours. */
import { open } from "node:fs/promises";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { openRanged } from "../../catalogue/ranged/open.js";
import { fileSource } from "../../catalogue/ranged/source.js";
import { isSageError } from "../../errors.js";
import { parseArguments, parseInteger, requireValue } from "../arguments.js";
import { InputError, messageOf, UsageError } from "../command-error.js";
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
      --ranges    with --item, read only the parts of the file that the answer needs, from a
                  catalogue of pocketsage build --ranges; the neighbours may then miss some
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
  ranges: { type: "boolean", default: false },
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
  if (values.ranges) {
    if (values.item === undefined) throw new UsageError("--ranges: expected --item ID as well");
    return showItemByRanges(file, values.item, count, values.json);
  }
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

/** As `showItem`, without reading the whole file. */
async function showItemByRanges(
  path: string,
  item: string,
  neighbourCount: number,
  json: boolean,
): Promise<void> {
  const file = await open(path).catch((error: unknown) => {
    throw new InputError(`${path}: ${messageOf(error)}`);
  });
  try {
    const catalogue = await openRanged(fileSource(file, path), { whole: false });
    const vector = await catalogue.vector(item);
    if (!vector)
      throw new InputError(`${path}: no item "${item}" among ${formatCount(catalogue.size)}.`);
    const nearest = await Promise.all(
      (await catalogue.search(vector, { count: neighbourCount, exclude: [item] })).map(
        async (hit) => ({ ...hit, payload: await catalogue.payload(hit.item) }),
      ),
    );
    const payload = await catalogue.payload(item);
    const norm = Math.hypot(...vector);
    const prior = catalogue.prior(item)!;
    const { requests, bytes } = catalogue.traffic;
    const reads = { requests, bytes, resident: catalogue.byteLength };
    if (json) return printJson({ item, norm, prior, payload, nearest, reads });
    printFields([
      ["id", item],
      ["norm", norm.toFixed(3)],
      ["prior", formatPrior(prior)],
      ["payload", JSON.stringify(payload) ?? "none"],
      ["read", `${formatCount(bytes)} bytes in ${requests} reads`],
    ]);
    print("");
    print("nearest");
    printTable(
      [">score", "id", "payload"],
      nearest.map((hit) => [hit.score.toFixed(3), hit.item, JSON.stringify(hit.payload) ?? ""]),
    );
  } catch (error) {
    throw isSageError(error) ? new InputError(messageOf(error)) : error;
  } finally {
    await file.close();
  }
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
