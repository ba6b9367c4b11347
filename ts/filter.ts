/** Filters: what items must be, besides near. One small language; ts/catalogue.ts answers it with sets of rows. */
import { checkKeys, show } from "./check.js";
import type { CoreCatalogue } from "./core.js";
import { SageError } from "./errors.js";
import { concatenate } from "./texts.js";

/** A value of an attribute. */
export type FilterValue = string | number | boolean;

/**
 * A condition on an attribute, or conditions put together. An attribute that is a list meets `eq` or `in` when one of its values does; an item
 * without the attribute meets no condition, but the `not` of any.
 */
export type Filter =
  | { readonly field: string; readonly eq: FilterValue }
  | { readonly field: string; readonly in: readonly FilterValue[] }
  | { readonly field: string; readonly min?: number; readonly max?: number }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };

/** The rows that meet the filter, as bits. Throws "option" for what is no filter, and for an attribute that is not there. */
export function rowsOf(core: CoreCatalogue, filter: Filter): Uint32Array {
  const given = checkFilter(filter);
  if ("not" in given) return rowsOf(core, given.not as Filter).map((word) => ~word);
  if ("and" in given) return combine(core, "and", given.and, 0xffffffff, (a, b) => a & b);
  if ("or" in given) return combine(core, "or", given.or, 0, (a, b) => a | b);
  const { field } = given as { field: string };
  if ("eq" in given) return matching(core, field, [given.eq]);
  if ("in" in given) return matching(core, field, list("in", given.in));
  const { min = -Infinity, max = Infinity } = given as { min?: number; max?: number };
  for (const bound of [min, max]) {
    if (typeof bound !== "number" || Number.isNaN(bound)) throw new SageError("option", `filter: min and max: expected numbers, saw ${show(bound)}.`);
  }
  return core.matchBetween(field, min, max);
}

const FORMS = [["field", "eq"], ["field", "in"], ["field", "min", "max"], ["and"], ["or"], ["not"]];

function checkFilter(filter: unknown): Record<string, unknown> {
  const wrong = (): SageError =>
    new SageError("option", `filter: expected { field, eq }, { field, in }, { field, min, max }, { and }, { or } or { not }, saw ${describe(filter)}.`);
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) throw wrong();
  const given = filter as Record<string, unknown>;
  const keys = Object.keys(given).filter((key) => given[key] !== undefined);
  const form = FORMS.find((form) => keys.length > (form[0] === "field" ? 1 : 0) && keys.every((key) => form.includes(key)));
  if (!form) throw wrong();
  checkKeys("filter", given, form);
  if (form[0] === "field" && typeof given.field !== "string") throw wrong();
  return Object.fromEntries(keys.map((key) => [key, given[key]]));
}

function describe(filter: unknown): string {
  return typeof filter === "object" && filter !== null ? `{ ${Object.keys(filter).join(", ")} }` : show(filter);
}

function list(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new SageError("option", `filter: ${name}: expected an array, saw ${show(value)}.`);
}

function combine(core: CoreCatalogue, name: string, value: unknown, start: number, join: (a: number, b: number) => number): Uint32Array {
  const words = new Uint32Array(Math.ceil(core.facts().rows / 32)).fill(start);
  for (const part of list(name, value)) rowsOf(core, part as Filter).forEach((word, at) => (words[at] = join(words[at]!, word)));
  return words;
}

function matching(core: CoreCatalogue, field: string, values: readonly unknown[]): Uint32Array {
  if (values.length > 0 && values.every((value) => typeof value === "number")) return core.matchNumbers(field, Float64Array.from(values));
  const wrong = values.find((value) => typeof value !== "string" && typeof value !== "boolean");
  if (wrong !== undefined) throw new SageError("option", `filter: "${field}": expected texts, or numbers alone, saw ${show(wrong)} among the values.`);
  const { text, ends } = concatenate(values.map(String));
  return core.matchLabels(field, text, ends);
}
