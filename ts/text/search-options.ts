/** The options of a search by words: those of a search by vectors. */
import { SEARCH_OPTION_NAMES, type SearchOptions } from "../catalogue/options.js";
import { checkBoolean, checkFinite, checkInteger, checkKeys } from "../values/check.js";

/** The part of a list of hits that a search returns. */
export interface Page {
  readonly count: number;
  readonly offset: number;
  readonly minScore: number;
}

/** Validates the options of a search and sets the defaults of its page. Throws code "option". */
export function checkSearchOptions(where: string, options: SearchOptions): Page {
  checkKeys(where, options, SEARCH_OPTION_NAMES);
  return checkPage(where, options);
}

/** Validates the options of a page and sets their defaults. */
export function checkPage(
  where: string,
  { count = 20, offset = 0, minScore, exact = false, variants = false }: SearchOptions,
): Page {
  checkBoolean(`${where}: exact`, exact);
  checkBoolean(`${where}: variants`, variants);
  return {
    count: checkInteger(`${where}: count`, count),
    offset: checkInteger(`${where}: offset`, offset, 0),
    minScore: minScore === undefined ? -Infinity : checkFinite(`${where}: minScore`, minScore),
  };
}
