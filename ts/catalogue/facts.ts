/** The properties of a catalogue of the core, by name. */
import type { CoreCatalogue } from "../core/interface.js";
import { PRECISIONS } from "./options.js";

/** Properties of a catalogue. */
export interface Facts {
  /** Number of items. */
  size: number;
  /** Number of rows: items, and removed items until the catalogue is compacted. */
  rows: number;
  dim: number;
  /** 0 cosine, 1 inner product, 2 L2. */
  metric: number;
  precision: (typeof PRECISIONS)[number];
  /** Number of inverted lists; 0 if there are none. */
  lists: number;
  /** How many of the lists a search scans. */
  probes: number;
  /** recall@10 of the lists, measured when they were built; 1 without lists. */
  recall: number;
  spread: number;
  /** Hexadecimal, sixteen digits. */
  hash: string;
  /** As `hash`. */
  revision: string;
}

/** Reads the properties of a catalogue. */
export function factsOf(catalogue: CoreCatalogue): Facts {
  const [size, rows, dim, metric, precision, lists, probes, recall, spread, ...words] =
    catalogue.facts();
  const hex = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  return {
    ...{ size, rows, dim, metric, precision: PRECISIONS[precision]!, lists, probes, recall },
    ...{ spread, hash: hex.slice(0, 16), revision: hex.slice(16) },
  };
}
