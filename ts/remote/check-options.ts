/** Validation of the options that adapters have in common. */
import {
  checkBoolean,
  checkKeys,
  checkText,
  checkUrl,
  isWellFormed,
  unexpected,
} from "../values/check.js";
import { HTTP_OPTION_NAMES } from "./http.js";

/** The options of an adapter by their types. `filter`, `dim` and `space` are options of all. */
export interface OptionTypes {
  /** Whether it has `url` and the options of HTTP requests. */
  http?: boolean;
  /** Strings that must be given, and are not empty. */
  required?: readonly string[];
  /** Strings that may be missing. */
  texts?: readonly string[];
  /** Booleans that may be missing. */
  flags?: readonly string[];
  /** Options that the adapter validates. */
  others?: readonly string[];
}

/**
 * Throws code "option" for unknown options, and for a missing one or one of another type, unless it
 * is of `others`.
 */
export function checkEngineOptions(
  name: string,
  options: object,
  { http = false, required = [], texts = [], flags = [], others = [] }: OptionTypes,
): void {
  const httpNames = http ? ["url", ...HTTP_OPTION_NAMES] : [];
  const ownNames = [...required, ...texts, ...flags, ...others];
  checkKeys(name, options, [...httpNames, ...ownNames, "filter", "dim", "space"]);
  const given = options as Readonly<Record<string, unknown>>;
  if (http) checkUrl(`${name}: url`, given.url);
  for (const option of required) checkText(`${name}: ${option}`, given[option]);
  for (const option of [...required, ...texts]) {
    const value = given[option];
    if (value !== undefined && (typeof value !== "string" || !isWellFormed(value)))
      throw unexpected(`${name}: ${option}`, "a string of well-formed Unicode", value);
  }
  for (const option of flags)
    if (given[option] !== undefined) checkBoolean(`${name}: ${option}`, given[option]);
}
