/** Validation of the arguments of a search of a ranged catalogue, and names in messages. */
import { SageError } from "../../errors.js";
import { checkKeys, inspect } from "../../values/check.js";
import { nameOfUrl } from "../../values/url.js";

const OPTIONS = ["count", "offset", "minScore", "exclude", "filter", "exact", "damaged", "signal"];
/** Longest name of a source in messages. */
const MAX_NAME = 200;

/** Throws code "option" for queries that are no array, unknown options and a wrong `damaged`. */
export function checkSearch(vectors: unknown, options: { damaged?: unknown }): void {
  checkKeys("search", options, OPTIONS);
  if (!Array.isArray(vectors))
    throw new SageError("option", `search: expected an array of vectors, saw ${inspect(vectors)}.`);
  const { damaged } = options;
  if (damaged !== undefined && damaged !== "error" && damaged !== "skip")
    throw new SageError(
      "option",
      `search: damaged: expected "error" or "skip", saw ${inspect(damaged)}.`,
    );
}

/** The name of a source in messages: of a URL without its query, which can be secret. */
export function nameOf(source: string): string {
  return (/^https?:/.test(source) ? nameOfUrl(source) : source).slice(0, MAX_NAME);
}
