/** The properties of a catalogue as `build`, `inspect`, `merge` and `prior` report them. */
import { type Catalogue, handleOf } from "../../catalogue/catalogue.js";
import { decodePrior, readPriors } from "../../catalogue/priors.js";
import { countOf, formatCount, formatPrior, print, printFields } from "./print.js";

/** The report of a catalogue with --json. `bytes` is the size of the file. */
export interface CatalogueReport {
  file: string;
  items: number;
  dim: number;
  precision: string;
  bytes: number;
  spread: number;
  hash: string;
  /** Name of the vector space. Absent without one. */
  space?: string;
  /** Absent for the default, cosine. */
  metric?: string;
  /** Absent without attributes. */
  attributes?: string[];
  /** Items with a prior above 0, and the largest prior. Absent without priors. */
  priors?: { items: number; largest: number };
  /** Absent without inverted lists. */
  lists?: { count: number; probed: number; recall: number };
}

/** The report of a catalogue whose file has `bytes` bytes. */
export function reportOf(file: string, catalogue: Catalogue, bytes: number): CatalogueReport {
  const { size, dim, precision, spread, hash, space, metric, lists } = catalogue;
  const attributes = catalogue.attributes();
  return {
    file,
    items: size,
    dim,
    precision,
    bytes,
    spread,
    hash,
    ...(space !== undefined && { space }),
    ...(metric === "cosine" ? {} : { metric }),
    ...(attributes.length > 0 ? { attributes } : {}),
    ...reportPriors(catalogue),
    ...(lists ? { lists } : {}),
  };
}

function reportPriors(catalogue: Catalogue): Pick<CatalogueReport, "priors"> {
  const codes = handleOf(catalogue)
    .with(readPriors)
    .filter((code) => code > 0);
  if (codes.length === 0) return {};
  const largestCode = codes.reduce((largest, code) => Math.max(largest, code));
  return { priors: { items: codes.length, largest: decodePrior(largestCode) } };
}

/** Prints the report, then `extraFields`, which only one command has. */
export function printCatalogue(
  { file, ...report }: CatalogueReport,
  extraFields: readonly (readonly [name: string, value: string])[] = [],
): void {
  const { metric, attributes, priors, lists } = report;
  const fields: [name: string, value: string | undefined][] = [
    ["items", formatCount(report.items)],
    ["dim", formatCount(report.dim)],
    ["precision", report.precision],
    ["bytes", formatCount(report.bytes)],
    ["spread", report.spread.toFixed(3)],
    ["hash", report.hash],
    ["space", report.space],
    ["metric", metric],
    ["attributes", attributes?.join(", ")],
    [
      "priors",
      priors && `${countOf(priors.items, "item")}, at most ${formatPrior(priors.largest)}`,
    ],
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
