/** Filters: what items must be, besides near. The same tree for the local catalogue and for remote engines (ts/remote/filter.ts compiles it for those). */

import { checkKeys, inspect } from "../check.js";
import { SageError } from "../errors.js";
import type { Column } from "./attributes.js";

/** What a field is compared with. */
export type FilterValue = string | number | boolean;

/**
 * A condition on the fields of an item. Ranges include both ends; a field that is a list meets a condition when one of its values does. In a
 * catalogue, an item without the field meets no condition, but the `not` of any; elsewhere that is the engine's rule.
 */
export type Filter =
  | { field: string; is: FilterValue }
  | { field: string; in: readonly FilterValue[] }
  | { field: string; from?: number; to?: number }
  | { all: readonly Filter[] }
  | { any: readonly Filter[] }
  | { not: Filter };

/** What a filter looks at. */
export interface FilterColumns {
  rows: number;
  columns: ReadonlyMap<string, Column>;
}

/** The rows that meet the filter, as bits. Throws "option" for what is no filter, and for an attribute that is not there. */
export function evaluateFilter(fields: FilterColumns, filter: Filter): Uint32Array {
  checkKeys("filter", filter, ["field", "is", "in", "from", "to", "all", "any", "not"]);
  const given = filter as Record<string, unknown>;
  const [kind, ...more] = ["is", "in", "all", "any", "not"].filter((key) => key in given);
  const ranged = "from" in given || "to" in given;
  const leaf = kind === undefined || kind === "is" || kind === "in";
  if (
    more.length > 0 ||
    (kind !== undefined && ranged) ||
    leaf !== "field" in given ||
    (kind === undefined && !ranged)
  ) {
    throw new SageError(
      "option",
      `filter: expected one of is, in, from and to with a field, or all, any, not alone; saw ${Object.keys(given).join(", ") || "nothing"}.`,
    );
  }
  if (kind === "not") return evaluateFilter(fields, given.not as Filter).map((word) => ~word);
  if (kind === "all") return combineParts(fields, kind, given.all, ~0, (a, b) => a & b);
  if (kind === "any") return combineParts(fields, kind, given.any, 0, (a, b) => a | b);
  const { field } = given;
  if (typeof field !== "string")
    throw new SageError("option", `filter: field: expected a name, saw ${inspect(field)}.`);
  if (kind === "is") return matchValues(fields, field, [given.is]);
  if (kind === "in") return matchValues(fields, field, checkList(field, given.in));
  const { from = -Infinity, to = Infinity } = given;
  for (const end of [from, to]) {
    if (typeof end !== "number" || Number.isNaN(end))
      throw new SageError(
        "option",
        `filter: ${field}: from and to are numbers, saw ${inspect(end)}.`,
      );
  }
  return matchNumbers(
    fields,
    field,
    (number) => number >= (from as number) && number <= (to as number),
  );
}

function checkList(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value as unknown[];
  throw new SageError(
    "option",
    `filter: ${name}: expected a list that is not empty, saw ${inspect(value)}.`,
  );
}

function combineParts(
  fields: FilterColumns,
  name: string,
  value: unknown,
  start: number,
  join: (a: number, b: number) => number,
): Uint32Array {
  const words = new Uint32Array(Math.ceil(fields.rows / 32)).fill(start);
  for (const part of checkList(name, value))
    evaluateFilter(fields, part as Filter).forEach(
      (word, at) => (words[at] = join(words[at]!, word)),
    );
  return words;
}

function matchValues(
  fields: FilterColumns,
  field: string,
  values: readonly unknown[],
): Uint32Array {
  if (values.every((value) => typeof value === "number"))
    return matchNumbers(fields, field, (number) => values.includes(number));
  const wrong = values.find((value) => typeof value !== "string" && typeof value !== "boolean");
  if (wrong !== undefined)
    throw new SageError(
      "option",
      `filter: ${field}: expected texts, or numbers alone, saw ${inspect(wrong)}.`,
    );
  const column = findColumn(fields, field);
  if (column.numeric)
    throw new SageError(
      "option",
      `filter: "${field}" holds numbers: compare it with a number, from or to.`,
    );
  const sought = column.words.map((word) => values.some((value) => String(value) === word));
  let at = 0;
  return toBitset(column.ends, (end) => {
    let meets = false;
    for (; at < end; at += 1) meets ||= sought[column.labels[at]!]!;
    return meets;
  });
}

function matchNumbers(
  fields: FilterColumns,
  field: string,
  meets: (number: number) => boolean,
): Uint32Array {
  const column = findColumn(fields, field);
  if (!column.numeric)
    throw new SageError("option", `filter: "${field}" holds texts: compare it with a text.`);
  return toBitset(column.numbers, meets);
}

function findColumn({ columns }: FilterColumns, field: string): Column {
  const column = columns.get(field);
  if (column) return column;
  const known = [...columns.keys()].join(", ") || "none; build the catalogue with attributes";
  throw new SageError("option", `filter: there is no attribute "${field}". Known: ${known}.`);
}

function toBitset(
  rows: Uint32Array | Float64Array,
  meets: (value: number) => boolean,
): Uint32Array {
  const words = new Uint32Array(Math.ceil(rows.length / 32));
  rows.forEach((value, row) => {
    if (meets(value)) words[row >> 5]! |= 1 << (row & 31);
  });
  return words;
}
