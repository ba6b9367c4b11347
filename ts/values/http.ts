/** Headers and responses, as callers and their replacements of `fetch` give them. */
import { SageError } from "../errors.js";
import { checkKeys, inspect, unexpected } from "./check.js";

/**
 * The headers, checked; undefined gives none. Throws code "option"; errors do not state values,
 * which can be secret.
 */
export function checkHeaders(where: string, given: unknown = {}): Headers {
  const headers = new Headers();
  // A Map has no keys: its headers would be ignored.
  if (!(given instanceof Headers)) checkKeys(where, given as object, Object.keys(Object(given)));
  const pairs = given instanceof Headers ? [...given] : Object.entries(given as object);
  for (const [name, value] of pairs) {
    try {
      if (typeof value !== "string") throw new TypeError();
      headers.set(name, value);
    } catch {
      throw new SageError(
        "option",
        `${where}: expected valid names, each with a text, saw ${inspect(name)} with ` +
          `${typeof value === "string" ? "a text" : inspect(value)}.`,
      );
    }
  }
  return headers;
}

/** Throws code "option" unless a replaced `fetch` has resolved to a Response, of any realm. */
export function checkResponse(where: string, value: unknown): void {
  if (typeof (value as Partial<Response> | null | undefined)?.status !== "number")
    throw unexpected(`${where}: fetch`, "a function that resolves to a Response", value);
}
