/** What `build` and `inspect` tell of a catalogue. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { count, print, printFacts } from "./print.js";

/** A catalogue in figures, as --json shows it. */
export interface CatalogueFacts {
  file: string;
  items: number;
  dim: number;
  precision: string;
  bytes: number;
  spread: number;
  hash: string;
  metric?: string;
  attributes?: string[];
  lists?: { count: number; probed: number; recall: number };
}

/** The figures of a catalogue whose file has so many bytes. */
export function factsOf(file: string, catalogue: Catalogue, bytes: number): CatalogueFacts {
  const { size, dim, precision, spread, hash, metric, lists } = catalogue;
  const attributes = catalogue.attributes();
  return {
    ...{ file, items: size, dim, precision, bytes, spread, hash },
    // What most catalogues do not have is not told of those.
    ...(metric === "cosine" ? {} : { metric }),
    ...(attributes.length > 0 ? { attributes } : {}),
    ...(lists ? { lists } : {}),
  };
}

/** The same for people, and what else there is to tell. */
export function printCatalogue(facts: CatalogueFacts, more: [string, string][] = []): void {
  print(facts.file);
  printFacts([
    ["items", count(facts.items)],
    ["dim", count(facts.dim)],
    ["precision", facts.precision],
    ["bytes", count(facts.bytes)],
    ["spread", facts.spread.toFixed(3)],
    ["hash", facts.hash],
    ...(facts.metric ? [["metric", facts.metric] as const] : []),
    ...(facts.attributes ? [["attributes", facts.attributes.join(", ")] as const] : []),
    ...(facts.lists
      ? [
          [
            "lists",
            `${count(facts.lists.count)}, ${facts.lists.probed} probed, recall@10 ${facts.lists.recall.toFixed(4)}`,
          ] as const,
        ]
      : []),
    ...more,
  ]);
}
