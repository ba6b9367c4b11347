/** `pocketsage build --text`: learns the text tower of a catalogue, and embeds items by it. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { liveRows } from "../../catalogue/change.js";
import { selectPriors, writePriors } from "../../catalogue/priors.js";
import { LISTS, TEXT } from "../../catalogue/sections.js";
import { textOf } from "../../text/item-text.js";
import { encodeTower, openEncoder, type Tower } from "../../text/tower.js";
import { InputError } from "../command-error.js";
import type { FileItem } from "../read/item-file.js";
import { listNames } from "../read/row.js";
import { embedTexts } from "./embed-texts.js";
import { copySections, rebuild } from "./rebuild.js";
import { learnTower } from "./text-tower.js";

/** What `pocketsage build --text` reports. */
export interface TextReport {
  fields: readonly string[];
  /** Words and parts of words with a vector. */
  features: number;
  bytes: number;
  /** Mean cosine of the vectors of texts to those of their items, over the items learned from. */
  cosine: number;
}

/** Items with a vector each, and their tower. */
export interface TextItems {
  readonly items: FileItem[];
  readonly tower: Tower;
  /** Number of items whose vector was computed from their text. */
  readonly embedded: number;
  readonly report: TextReport;
}

/**
 * Learns a tower from the items that have a vector, and gives the others (vectors of no components)
 * that of their text. With `embedAll`, every vector comes from the texts. Throws an InputError for
 * texts from which nothing can be learned, and for an item without a vector whose text has none.
 */
export function learnTexts(
  items: readonly FileItem[],
  fields: readonly string[],
  embedAll: boolean,
  locationOf: (index: number) => string,
  onProgress: (share: number) => void,
): TextItems {
  const texts = items.map(([, , payload]) => textOf(payload, fields));
  const given = embedAll
    ? embedTexts(texts, (share) => onProgress(share / 2))
    : items.map(([, vector]) => vector);
  const examples = given
    .map((vector, index) => ({ text: texts[index]!, vector }))
    .filter(({ vector }) => vector.length > 0);
  const tower = learnTower(examples, fields, (share) =>
    onProgress(embedAll ? 0.5 + share / 2 : share),
  );
  if (!tower) {
    const fieldNames = listNames(Object.keys(items[0]?.[2] ?? {}));
    throw new InputError(
      embedAll
        ? `--text ${fields.join()}: no item has words in these fields. ` +
            `Name other fields: ${fieldNames}.`
        : `--text ${fields.join()}: no item has both a vector and words in these fields. Name ` +
            `other fields (${fieldNames}), or add --embed text for items without vectors.`,
    );
  }
  const encoder = openEncoder(tower);
  let embedded = 0;
  const completed = items.map((item, index): FileItem => {
    const [id, , ...rest] = item;
    const vector = given[index]!;
    if (vector.length > 0 && (!embedAll || vector.some((value) => value !== 0))) {
      if (embedAll) embedded += 1;
      return [id, vector, ...rest];
    }
    const ofText = encoder.embed(texts[index]!);
    if (!ofText)
      throw new InputError(
        `${locationOf(index)}: the item has no vector, and its text no known words. ` +
          "Add a vector or a text, or remove the item.",
      );
    embedded += 1;
    return [id, ofText, ...rest];
  });
  const cosines = examples.map(({ text, vector }) => cosineOf(encoder.embed(text), vector));
  const report = {
    fields,
    features: tower.hashes.length,
    bytes: encodeTower(tower).length,
    cosine: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
  };
  return { items: completed, tower, embedded, report };
}

/** The catalogue with a tower, by default of its vector space; closes the given one. */
export function withTower(catalogue: Catalogue, tower: Tower): Catalogue {
  const { space } = catalogue;
  return rebuild(catalogue, liveRows, (builder, old, rows) => {
    copySections(builder, old, [LISTS]);
    writePriors(builder, selectPriors(old, rows));
    builder.section(TEXT, encodeTower({ space, ...tower }));
  });
}

function cosineOf(a: Float32Array | undefined, b: Float32Array): number {
  if (!a) return 0;
  let product = 0;
  let square = 0;
  for (let k = 0; k < b.length; k += 1) {
    product += a[k]! * b[k]!;
    square += b[k]! * b[k]!;
  }
  return square > 0 ? product / Math.sqrt(square) : 0;
}
