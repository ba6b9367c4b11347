/**
 * Words in: vectors of texts without a model, and search by words. For catalogues that were built
 * with `pocketsage build --text`. Import `pocketsage` as well, which loads the wasm.
 *
 * @packageDocumentation
 */

import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import type { SearchOptions } from "../catalogue/options.js";
import { TEXT } from "../catalogue/sections.js";
import { SageError } from "../errors.js";
import type { Hit } from "../retriever.js";
import { checkInteger, checkKeys, inspect } from "../values/check.js";
import { openLexicon } from "./lexicon.js";
import { decodeTower, openEncoder } from "./tower.js";

/** Options of {@link CatalogueText.search}. */
export type TextSearchOptions = Pick<
  SearchOptions,
  "count" | "exclude" | "filter" | "exact" | "variants"
>;

/** The texts of a catalogue: its encoder and its names. */
export interface CatalogueText {
  /** Payload fields from which the encoder was learned, the name of an item first. */
  readonly fields: readonly string[];
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
   * possibly unfinished. Of equal scores, the item earlier in the catalogue. A text without
   * known words has no hits but those by name. Throws as {@link CatalogueText.embed} and
   * `Catalogue.search`. The first call after a change of the catalogue reads all payloads.
   */
  search(text: string, options?: TextSearchOptions): Hit[];
}

/** What a name adds to the cosine. */
const EXACT_NAME = 2;
const ALL_WORDS = 0.25;

/**
 * Opens the texts of a catalogue: O(bytes of the section). Throws code "option" for a catalogue
 * without texts, "corrupt" or "version" for a section that cannot be read.
 */
export function openText(catalogue: Catalogue): CatalogueText {
  const section = rowsOf(catalogue).handle.with((core) => core.section(TEXT));
  if (section.length === 0)
    throw new SageError(
      "option",
      "openText: the catalogue has no texts: build it with pocketsage build --text FIELDS.",
    );
  const encoder = openEncoder(decodeTower(section, catalogue.dim));
  const { fields } = encoder.tower;
  const embed = (text: string): Float32Array | undefined => {
    if (typeof text !== "string")
      throw new SageError("option", `text: expected a string, saw ${inspect(text)}.`);
    return encoder.embed(text);
  };
  let lexicon: ReturnType<typeof openLexicon> | undefined;
  return {
    fields,
    embed,
    search(text, options = {}) {
      checkKeys("search", options, ["count", "exclude", "filter", "exact", "variants"]);
      const { count = 20 } = options;
      checkInteger("search: count", count);
      const vector = embed(text);
      if (lexicon?.revision !== catalogue.revision) lexicon = openLexicon(catalogue, fields[0]!);
      const { exact, all } = lexicon.match(text);
      const bonuses = new Map([...all].map((item) => [item, ALL_WORDS]));
      for (const item of exact) bonuses.set(item, EXACT_NAME);
      const scored = (hits: Hit[]): Hit[] =>
        hits.map((hit) => ({ ...hit, score: hit.score + (bonuses.get(hit.item) ?? 0) }));
      // A zero query gives the items by name cosine 0; without a vector nothing else is a hit.
      const query = vector ?? new Float32Array(catalogue.dim);
      const byVector = vector ? catalogue.search(query, options) : [];
      const byName = searchNamed(catalogue, query, bonuses, options);
      const hits = new Map([...byVector, ...byName].map((hit) => [hit.item, hit]));
      return sortByScore(catalogue, scored([...hits.values()])).slice(0, count);
    },
  };
}

/** The hits by descending score, of equal scores by ascending row. */
function sortByScore(catalogue: Catalogue, hits: readonly Hit[]): Hit[] {
  const rows = rowsOf(catalogue).handle.with((core) => hits.map(({ item }) => core.row(item)));
  return hits
    .map((hit, index) => ({ hit, row: rows[index]! }))
    .sort((a, b) => b.hit.score - a.hit.score || a.row - b.row)
    .map(({ hit }) => hit);
}

/** The hits among the items that match by name: at most 1,000 of them. */
function searchNamed(
  catalogue: Catalogue,
  query: Float32Array,
  bonuses: ReadonlyMap<string, number>,
  options: TextSearchOptions,
): Hit[] {
  if (bonuses.size === 0) return [];
  const { handle, priors, restrict } = rowsOf(catalogue);
  const { exclude, allowed } = restrict(options);
  const excluded = new Set(exclude);
  return handle.with((core) => {
    const named = Array.from(bonuses.keys(), (item) => ({ item, row: core.row(item) })).filter(
      ({ row }) =>
        row >= 0 && !excluded.has(row) && (!allowed || (allowed[row >> 5]! >> (row & 31)) & 1),
    );
    const scores = core.scores(
      query,
      Uint32Array.from(named, ({ row }) => row),
    );
    return named.map(({ item, row }, index) => ({
      item,
      score: scores[index]!,
      ...(priors.length > 0 && { prior: priors[row]! }),
    }));
  });
}
