/** Validation of the arguments of searches of a ranged catalogue, and names in messages. */
import type { Query } from "../../retriever.js";
import {
  checkAbort,
  checkInteger,
  checkKeys,
  checkVector,
  unexpected,
} from "../../values/check.js";
import { nameOfUrl } from "../../values/url.js";

const OPTIONS = ["count", "offset", "minScore", "exclude", "filter", "exact", "damaged", "signal"];
/** Maximum length of the name of a source in messages, in UTF-16 units. */
const MAX_NAME = 200;

/** Throws code "option" for queries that are no array, unknown options and a wrong `damaged`. */
export function checkSearch(vectors: unknown, options: { damaged?: unknown }): void {
  checkKeys("search", options, OPTIONS);
  if (!Array.isArray(vectors)) throw unexpected("search", "an array of vectors", vectors);
  const { damaged } = options;
  if (damaged !== undefined && damaged !== "error" && damaged !== "skip")
    throw unexpected("search: damaged", '"error" or "skip"', damaged);
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

/** The queries of a retriever, checked: their vectors have `dim` finite components. */
export function checkQueries(where: string, queries: unknown, dim: number): CountedQuery[] {
  if (!Array.isArray(queries)) throw unexpected(where, "an array of queries", queries);
  return Array.from(queries as (Partial<Query> | null)[], (query, index) => ({
    vector: checkVector(`${where}: query ${index}`, query?.vector, dim),
    count: checkInteger(`${where}: query ${index}: count`, query?.count),
  }));
}

/** The name of a source in messages: of a URL without its query, which can be secret. */
export function nameOf(source: string): string {
  return (/^https?:/.test(source) ? nameOfUrl(source) : source).slice(0, MAX_NAME);
}
