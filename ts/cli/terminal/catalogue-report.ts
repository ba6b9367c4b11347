/** The properties of a catalogue as `build`, `inspect` and `merge` report them. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { formatCount, print, printFields } from "./print.js";

/** The report of a catalogue with --json. `bytes` is the size of the file. */
export interface CatalogueReport {
  file: string;
  items: number;
  dim: number;
  precision: string;
  bytes: number;
  spread: number;
  hash: string;
  /** Absent for the default, cosine. */
  metric?: string;
  /** Absent without attributes. */
  attributes?: string[];
  /** Absent without inverted lists. */
  lists?: { count: number; probed: number; recall: number };
}

/** The report of a catalogue whose file has `bytes` bytes. */
export function reportOf(file: string, catalogue: Catalogue, bytes: number): CatalogueReport {
  const { size, dim, precision, spread, hash, metric, lists } = catalogue;
  const attributes = catalogue.attributes();
  return {
    ...{ file, items: size, dim, precision, bytes, spread, hash },
    ...(metric === "cosine" ? {} : { metric }),
    ...(attributes.length > 0 ? { attributes } : {}),
    ...(lists ? { lists } : {}),
  };
}

/** Prints the report, then `extraFields`, which only one command has. */
export function printCatalogue(
  { file, ...report }: CatalogueReport,
  extraFields: readonly (readonly [name: string, value: string])[] = [],
): void {
  const { metric, attributes, lists } = report;
  const fields: [name: string, value: string | undefined][] = [
    ["items", formatCount(report.items)],
    ["dim", formatCount(report.dim)],
    ["precision", report.precision],
    ["bytes", formatCount(report.bytes)],
    ["spread", report.spread.toFixed(3)],
    ["hash", report.hash],
    ["metric", metric],
    ["attributes", attributes?.join(", ")],
    [
      "lists",
      lists &&
        `${formatCount(lists.count)}, ${lists.probed} probed, recall@10 ${lists.recall.toFixed(4)}`,
    ],
  ];
  print(file);
  printFields([
    ...fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...extraFields,
  ]);
}
