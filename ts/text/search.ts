/** Search by the vector of a text and by names, fused by score. */
import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import type { SearchOptions } from "../catalogue/options.js";
import type { Hit } from "../retriever.js";
import { hasRow } from "../values/bitset.js";
import { LIMITS } from "../values/limits.js";
import { openLexicon } from "./lexicon.js";
import { checkSearchOptions } from "./search-options.js";

/**
 * Options of a search by words: those of `Catalogue.search`, for the scores and the order of the
 * search by words.
 */
export type TextSearchOptions = SearchOptions;

/** Added to the cosine of an item with exactly this name. */
const EXACT_NAME_BONUS = 2;
const ALL_WORDS_BONUS = 0.25;

/** Search by vector and by the names in the payload field `nameField`; without it, by vector. */
export function openTextSearch(
  catalogue: Catalogue,
  nameField: string | undefined,
): (text: string, vector: Float32Array | undefined, options: TextSearchOptions) => Hit[] {
  let lexicon: ReturnType<typeof openLexicon> | undefined;
  const bonusesOf = (text: string): Map<string, number> => {
    if (nameField === undefined) return new Map();
    if (lexicon?.revision !== catalogue.revision) lexicon = openLexicon(catalogue, nameField);
    const { exact, all } = lexicon.match(text);
    const bonuses = new Map([...all].map((item) => [item, ALL_WORDS_BONUS]));
    for (const item of exact) bonuses.set(item, EXACT_NAME_BONUS);
    return bonuses;
  };
  return (text, vector, options) => {
    const { count, offset, minScore } = checkSearchOptions("search", options);
    const bonuses = bonusesOf(text);
    // Without a vector, only matches by name are hits; a zero query gives them cosine 0.
    const query = vector ?? new Float32Array(catalogue.dim);
    // Every hit of the page that does not match by name is among the best of the vector up to it.
    const end = Math.min(offset + count, LIMITS.maxCount);
    const byVector = vector ? catalogue.search(query, { ...options, count: end, offset: 0 }) : [];
    const byName = searchNamed(catalogue, query, bonuses, options)
      .map((hit) => ({ ...hit, score: hit.score + bonuses.get(hit.item)! }))
      .filter(({ score }) => score >= minScore);
    const hits = new Map([...byVector, ...byName].map((hit) => [hit.item, hit]));
    return sortByScore(catalogue, [...hits.values()]).slice(offset, end);
  };
}

/** The hits by descending score, of equal scores by ascending row. */
export function sortByScore<T extends Hit>(catalogue: Catalogue, hits: readonly T[]): T[] {
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
      ({ row }) => row >= 0 && !excluded.has(row) && hasRow(allowed, row),
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
