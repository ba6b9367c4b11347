/** `pocketsage build`: items in, a catalogue out. */
import { stat } from "node:fs/promises";
import { Catalogue, type CatalogueItem } from "../../catalogue/catalogue.js";
import { need, parseNumber, parseOptions, parseWord } from "../arguments.js";
import { buildLists, MIN_ITEMS_FOR_LISTS } from "../build/inverted-lists.js";
import { nearDuplicates } from "../build/near-duplicates.js";
import { measureRecall } from "../build/recall.js";
import { UsageError } from "../command-error.js";
import { within } from "../read/fields.js";
import { readItems } from "../read/item-file.js";
import { type CatalogueFacts, factsOf, printCatalogue } from "../terminal/catalogue-report.js";
import { count, printJson } from "../terminal/print.js";
import { openProgress, type Progress } from "../terminal/progress.js";
import { refuseStdout, writeWhole } from "../write-file.js";

/** More items than this are only looked through for near-duplicates when that is asked for. */
const LOOKED_THROUGH = 10_000;

export const help = `Make a catalogue: the file that apps search on the device.

Usage
  pocketsage build ITEMS -o CATALOGUE [options]

  ITEMS is a file of JSON lines, CSV (with a header line), Parquet (.parquet) or bare vectors from NumPy (.npy, with
  --ids), or - for JSON lines or CSV on the standard input. Each line is one item: an id, a vector, and anything else,
  which is kept as the item's payload. In CSV a vector is a cell like "[0.1, 0.2]" or "0.1 0.2"; other cells are kept
  as text, empty ones are left out.

Options
  -o, --out FILE             where to write the catalogue
      --precision HOW        full: 2 bytes a number (default); compact: 1 byte a number, a little less exact
      --metric HOW           how near is near: cosine (default), ip (inner product) or l2 (Euclidean)
      --id FIELD             the field that holds the id (default: id)
      --vector FIELD         the field that holds the vector (default: vector)
      --ids FILE             for .npy: one id a line (.txt), or JSON lines or CSV with ids and payloads
      --attribute FIELD      a field of the payload that filters may look at; may be given more than once
      --near-duplicates HOW  report: count them (default, up to ${count(LOOKED_THROUGH)} items); drop: keep the first of each kind;
                             group: keep all, show the first alone (the others name it in variantOf); keep: do not look
      --near NUMBER          the score from which two items are near-duplicates (default: 0.95)
      --lists WHEN           search a part of the items only (IVF): auto (default, from ${count(MIN_ITEMS_FOR_LISTS)} items), always, never
      --no-recall            do not measure the recall
  -q, --quiet                no progress on the standard error
      --json                 the report as JSON
  -h, --help                 this text

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
  metric: { type: "string", default: "cosine" },
  id: { type: "string", default: "id" },
  vector: { type: "string", default: "vector" },
  ids: { type: "string" },
  attribute: { type: "string", multiple: true, default: [] as string[] },
  "near-duplicates": { type: "string" },
  near: { type: "string", default: "0.95" },
  lists: { type: "string", default: "auto" },
  "no-recall": { type: "boolean", default: false },
  quiet: { type: "boolean", short: "q", default: false },
  json: { type: "boolean", default: false },
} as const;

type Treatment = "report" | "drop" | "group" | "keep";

/** What the report tells besides what the file does. */
interface Report extends CatalogueFacts {
  bytesPerItem: number;
  nearDuplicates?: { score: number; variants: number; kinds: number; treatment: Treatment };
  recall?: { at10: number; queries: number };
  seconds: number;
}

export async function run(args: string[]): Promise<void> {
  const { values, argument } = parseOptions(args, OPTIONS);
  const input = need("the file of items", argument);
  const output = need("-o CATALOGUE", values.out);
  refuseStdout(output);
  const precision = parseWord("--precision", values.precision, ["full", "compact"] as const);
  const metric = parseWord("--metric", values.metric, ["cosine", "ip", "l2"] as const);
  const when = parseWord("--lists", values.lists, ["auto", "always", "never"] as const);
  const treatment =
    values["near-duplicates"] &&
    parseWord("--near-duplicates", values["near-duplicates"], [
      "report",
      "drop",
      "group",
      "keep",
    ] as const);
  const near = parseNumber("--near", values.near);
  if (values.id === values.vector)
    throw new UsageError(`--id and --vector are both "${values.id}"`);

  const begun = performance.now();
  const progress = openProgress("items read", { quiet: values.quiet });
  try {
    const length =
      input === "-"
        ? 0
        : await stat(input).then(
            ({ size }) => size,
            () => 0,
          );
    const { id, vector, ids } = values;
    const onShare = (share: number): void => progress.share("reading the items", share);
    const read = await readItems(input, { id, vector, ids, length, onShare, onItem: progress.at });
    const make = (
      items: readonly CatalogueItem[],
      attributes: readonly string[],
    ): Promise<Catalogue> =>
      Catalogue.from(items, { dim: read.dim, precision, metric, attributes }).catch(
        (error: unknown) =>
          within(() => {
            throw error;
          }),
      );
    progress.say(`${count(read.items.length)} items: measuring the spread`);
    let catalogue = await make(read.items, values.attribute);
    let items: readonly CatalogueItem[] = read.items;
    const how = treatment || (items.length <= LOOKED_THROUGH ? "report" : "keep");
    let found: Report["nearDuplicates"];
    if (how !== "keep") {
      const variants = nearDuplicates(catalogue, items, near, (share) =>
        progress.share("looking for near-duplicates", share),
      );
      found = {
        score: near,
        variants: variants.size,
        kinds: new Set(variants.values()).size,
        treatment: how,
      };
      if (how === "drop") items = items.filter(([item]) => !variants.has(item));
      if (how === "group")
        items = items.map(
          ([item, vector, payload]) =>
            [item, vector, withVariant(payload, variants.get(item))] as const,
        );
      if (how !== "report" && variants.size > 0) {
        catalogue.close();
        catalogue = await make(
          items,
          how === "group" ? [...values.attribute, "variantOf"] : values.attribute,
        );
      }
    }
    if (when === "always" || (when === "auto" && items.length >= MIN_ITEMS_FOR_LISTS)) {
      catalogue = await buildLists(catalogue, items, (share) =>
        progress.share("making lists", share),
      );
    }
    const recall = values["no-recall"]
      ? undefined
      : measureRecall(catalogue, items, (share) => progress.share("measuring the recall", share));
    const bytes = catalogue.toBytes();
    await writeWhole(output, bytes);
    const report: Report = {
      ...factsOf(output, catalogue, bytes.length),
      bytesPerItem: Math.round((bytes.length / catalogue.size) * 10) / 10,
      ...(found && { nearDuplicates: found }),
      ...(recall && { recall: { at10: recall.recall, queries: recall.queries } }),
      seconds: (performance.now() - begun) / 1000,
    };
    show(report, values.json, progress);
  } finally {
    progress.end();
  }
}

function withVariant(payload: unknown, first: string | undefined): unknown {
  if (first === undefined) return payload;
  return { ...(payload as Record<string, unknown> | undefined), variantOf: first };
}

function show(report: Report, json: boolean, progress: Progress): void {
  progress.end();
  if (json) return printJson(report);
  const { nearDuplicates: near, recall, seconds, bytesPerItem } = report;
  const does: Record<Treatment, string> = {
    report: "kept: --near-duplicates drop or group changes that",
    drop: "dropped",
    group: "grouped: searches show the first of each kind",
    keep: "kept",
  };
  printCatalogue(report, [
    ["bytes/item", String(bytesPerItem)],
    ...(near
      ? [
          [
            "near-dup.",
            `${count(near.variants)} of ${count(near.kinds)} kinds, score >= ${near.score}, ${does[near.treatment]}`,
          ] as [string, string],
        ]
      : []),
    ...(recall
      ? [
          ["recall@10", `${recall.at10.toFixed(4)} of exact, over ${recall.queries} queries`] as [
            string,
            string,
          ],
        ]
      : []),
    ["time", `${seconds.toFixed(1)} s`],
  ]);
}
