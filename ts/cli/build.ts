/** `pocketsage build`: items in, a catalogue out. */
import { rename, rm, writeFile } from "node:fs/promises";
import { Catalogue } from "../catalogue.js";
import { need, parseOptions, parseWord } from "./arguments.js";
import { factsOf, printCatalogue } from "./facts.js";
import { InputError, messageOf, UsageError } from "./failure.js";
import { count, printJson } from "./print.js";
import { openProgress } from "./progress.js";
import { readItems } from "./read/items.js";

export const help = `Make a catalogue: the file that apps search on the device.

Usage
  pocketsage build ITEMS -o CATALOGUE [options]

  ITEMS is a file of JSON lines or CSV (with a header line), or - for the standard input. Each line is one item:
  an id, a vector, and anything else, which is kept as the item's payload. In CSV a vector is a cell like
  "[0.1, 0.2]" or "0.1 0.2"; other cells are kept as text, empty ones are left out.

Options
  -o, --out FILE         where to write the catalogue
      --precision HOW    full: 2 bytes a number (default); compact: 1 byte a number, a little less exact
      --id FIELD         the field that holds the id (default: id)
      --vector FIELD     the field that holds the vector (default: vector)
  -q, --quiet            no progress on the standard error
      --json             the report as JSON
  -h, --help             this text

Example
  $ cat items.jsonl
  {"id": "tea", "vector": [0.1, 0.9], "label": "green tea"}
  {"id": "mug", "vector": [0.3, 0.7], "label": "blue mug"}
  $ pocketsage build items.jsonl -o items.sage

Exit codes
  0  the catalogue was written
  1  an item is wrong or a file cannot be read or written; the message says which line, and no file is left half written
  2  the command line is wrong
`;

const OPTIONS = {
  out: { type: "string", short: "o" },
  precision: { type: "string", default: "full" },
  id: { type: "string", default: "id" },
  vector: { type: "string", default: "vector" },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values, argument } = parseOptions(args, OPTIONS);
  const input = need("the file of items", argument);
  const output = need("-o CATALOGUE", values.out);
  const precision = parseWord("--precision", values.precision, ["full", "compact"] as const);
  if (output === "-") throw new UsageError("-o: a catalogue is written to a file, not to the standard output");
  if (values.id === values.vector) throw new UsageError(`--id and --vector are both "${values.id}"`);

  const begun = performance.now();
  const progress = openProgress("items read", { quiet: values.quiet });
  let catalogue: Catalogue;
  try {
    const { items, dim } = await readItems(input, { id: values.id, vector: values.vector, onItem: progress.at });
    progress.say(`${count(items.length)} items: measuring the spread`);
    catalogue = await Catalogue.from(items, { dim, precision });
  } finally {
    progress.end();
  }
  const bytes = catalogue.toBytes();
  await writeWhole(output, bytes);
  const seconds = (performance.now() - begun) / 1000;
  const facts = factsOf(output, catalogue, bytes.length);
  if (values.json) printJson({ ...facts, seconds });
  else printCatalogue(facts, [["time", `${seconds.toFixed(1)} s`]]);
}

/** Beside its place first, so that whoever reads the file meanwhile sees the old one or the new one. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const beside = `${file}.${process.pid}.part`;
  try {
    await writeFile(beside, bytes);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new InputError(`${file}: cannot be written: ${messageOf(error)}`);
  }
}
