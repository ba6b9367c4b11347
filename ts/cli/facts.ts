/** What `build` and `inspect` tell of a catalogue. */
import type { Catalogue } from "../catalogue.js";
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
}

/** The figures of a catalogue whose file has so many bytes. */
export function factsOf(file: string, { size, dim, precision, spread, hash }: Catalogue, bytes: number): CatalogueFacts {
  return { file, items: size, dim, precision, bytes, spread, hash };
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
    ...more,
  ]);
}
