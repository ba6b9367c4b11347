/** Validation of the arguments of searches of a ranged catalogue, and names in messages. */
import {
  checkAbort,
  checkBoolean,
  checkChoice,
  checkKeys,
  isWellFormed,
  unexpected,
} from "../../values/check.js";
import { nameOfUrl } from "../../values/url.js";

const OPTIONS = ["count", "offset", "minScore", "exclude", "filter", "exact", "damaged", "signal"];
/** Maximum length of the name of a source in messages, in UTF-16 units. */
const MAX_NAME = 200;

/** Throws code "option" for queries that are no array, unknown options, and a wrong `damaged`. */
export function checkSearch(
  vectors: unknown,
  options: { damaged?: unknown; exact?: unknown },
): void {
  checkKeys("search", options, OPTIONS);
  if (!Array.isArray(vectors)) throw unexpected("search", "an array of vectors", vectors);
  const { damaged, exact = false } = options;
  checkBoolean("search: exact", exact);
  if (damaged !== undefined) checkChoice("search: damaged", damaged, ["error", "skip"]);
}

/** Throws code "option" for other options than a signal, "aborted" if the signal has fired. */
export function checkItemOptions(where: string, options: { signal?: AbortSignal }): void {
  checkKeys(where, options, ["signal"]);
  checkAbort(options.signal);
}

/** A query vector and its maximum number of hits, those of earlier pages among them. */
export interface CountedQuery {
  readonly vector: Float32Array;
  readonly count: number;
}

/** The name of a source in messages: of a URL without its query, which can be secret. */
export function nameOf(source: string): string {
  return (/^https?:/.test(source) ? nameOfUrl(source) : source).slice(0, MAX_NAME);
}

/** Throws code "option" for a name that is no text, or none that keys of a cache can have. */
export function checkSourceName(name: unknown): void {
  if (typeof name !== "string" || name === "" || !isWellFormed(name))
    throw unexpected("the name of a source", "a non-empty string of well-formed Unicode", name);
}
