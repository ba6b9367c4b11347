/** Embeds texts with the encoder stored in a catalogue, and searches by text. */
import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import { checkCatalogue } from "../catalogue/check-catalogue.js";
import { TEXT } from "../catalogue/sections.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import { checkList, inspect, unexpected } from "../values/check.js";
import { commonSpace } from "../values/space.js";
import { checkText } from "./embedder.js";
import { textOf } from "./item-text.js";
import { openTextSearch, type TextSearchOptions } from "./search.js";
import { decodeTower, openEncoder } from "./tower.js";

/** Text functions of a catalogue, by its stored encoder and the names of its items. */
export interface CatalogueText {
  /** Payload fields from which the encoder was learned, the name of an item first. */
  readonly fields: readonly string[];
  /** Name of the vector space of the catalogue's vectors; undefined for an unnamed one. */
  readonly space: string | undefined;
  /**
   * The vector of a text, of unit length, in the space of the catalogue's vectors: a Float32Array
   * of `catalogue.dim` components, with the same bits on every engine. Undefined for a text without
   * known words or parts of words: an empty one, or one in a script that no item has. Case and
   * accents do not count. Reads the first 16,384 UTF-16 units and 4,096 distinct features. Throws
   * code "option" for a value that is no string.
   */
  embed(text: string): Float32Array | undefined;
  /**
   * The items for a text, best first: by the cosine of {@link CatalogueText.embed}, plus 2 for an
   * item of exactly this name, else plus 0.25 if its name has all words of the text, the last one
   * possibly unfinished. Of equal scores, the item earlier in the catalogue. `offset` and
   * `minScore` are those of this order and of these scores. A text without known words has no hits
   * but those by name. Throws as {@link CatalogueText.embed} and `Catalogue.search`. The first
   * call after a change of the catalogue reads all payloads.
   */
  search(text: string, options?: TextSearchOptions): Hit[];
  /**
   * Adds items without vectors to the catalogue: each with the vector of its text, which is that of
   * the payload's {@link CatalogueText.fields}. All of them, or none if one is invalid. The words
   * stay as they were learned. Throws code "unknown-item" for an item whose text has no known
   * words, "option" for values that are no items; else as `Catalogue.add`.
   */
  add(items: Iterable<readonly [item: ItemId, payload: object, prior?: number]>): void;
}

/**
 * Opens the texts of a catalogue: O(bytes of the section). Throws code "option" for a catalogue
 * without texts, "corrupt" or "version" for a section that cannot be read, "dimension" for one that
 * was learned from the vectors of another space.
 */
export function openText(catalogue: Catalogue): CatalogueText {
  checkCatalogue("openText", catalogue);
  const section = rowsOf(catalogue).handle.with((core) => core.section(TEXT));
  if (section.length === 0)
    throw new SageError(
      "option",
      "openText: the catalogue has no texts: build it with pocketsage build --text FIELDS.",
    );
  const tower = decodeTower(section, catalogue.dim);
  const space = commonSpace([catalogue, tower]);
  const encoder = openEncoder(tower);
  const { fields } = tower;
  const embed = (text: string): Float32Array | undefined => {
    checkText(text);
    return encoder.embed(text);
  };
  const search = openTextSearch(catalogue, fields[0]);
  return {
    fields,
    space,
    embed,
    search: (text, options = {}) => search(text, embed(text), options),
    add(items) {
      const rows = Array.from(checkList("add", items, "[id, payload]"), (row) => {
        if (!Array.isArray(row)) throw unexpected("add", "[id, payload]", row);
        const [item, payload, prior] = row;
        const vector = encoder.embed(textOf(payload, fields));
        if (vector) return [item, vector, payload, prior] as const;
        throw new SageError(
          "unknown-item",
          `add: the fields ${fields.join()} of ${inspect(item)} have no known words: ` +
            "add it with a vector.",
        );
      });
      catalogue.add(rows);
    },
  };
}
