/**
 * Filters over the attributes of a catalogue, evaluated to bitsets of rows. The same filter type
 * serves remote engines; ts/remote/filter.ts compiles it for them.
 */

import { SageError } from "../errors.js";
import { addRow, emptyRowSet } from "../values/bitset.js";
import { checkKeys, inspect, unexpected } from "../values/check.js";
import type { Column } from "./attributes.js";

/** A value that a field is compared with. */
export type FilterValue = string | number | boolean;

/**
 * A condition on the fields of an item.
 *
 * - `is`, `in`: the field equals the value, or one of the values. `in` holds numbers only, or
 *   strings and booleans, and at least one. Numbers are finite.
 * - `from`, `to`: the field is a number in this range. Both ends are inclusive; one may be omitted.
 * - `all`, `any`, `not`: conjunction, disjunction (of at least one condition) and negation.
 *
 * A field that is a list meets a condition if one of its values does. In a catalogue, an
 * item without the field meets no condition on it, so it meets the `not` of each; remote engines
 * follow their own rule for missing fields. Anything else throws code "option".
 */
export type Filter =
  | { field: string; is: FilterValue }
  | { field: string; in: readonly FilterValue[] }
  | { field: string; from?: number; to?: number }
  | { all: readonly Filter[] }
  | { any: readonly Filter[] }
  | { not: Filter };

/** The attribute columns that a filter reads, and the number of rows of each. */
export interface FilterColumns {
  rows: number;
  columns: ReadonlyMap<string, Column>;
}

/**
 * Bitset of the rows that meet the filter. Bits past the last row are undefined. Throws code
 * "option" for an invalid filter, or a field that is no attribute. O(rows) per condition.
 */
export function evaluateFilter(filterColumns: FilterColumns, filter: Filter): Uint32Array {
  checkKeys("filter", filter, ["field", "is", "in", "from", "to", "all", "any", "not"]);
  const filterRecord = filter as Record<string, unknown>;
  const [operator, ...otherOperators] = ["is", "in", "all", "any", "not"].filter(
    (key) => key in filterRecord,
  );
  const isRange = "from" in filterRecord || "to" in filterRecord;
  const comparesField = operator === undefined || operator === "is" || operator === "in";
  if (
    otherOperators.length > 0 ||
    (operator === undefined) !== isRange ||
    comparesField !== "field" in filterRecord
  ) {
    const seenFields = Object.keys(filterRecord).join(", ") || "nothing";
    throw new SageError(
      "option",
      "filter: expected one of { field, is }, { field, in }, { field, from, to }, { all }, " +
        `{ any }, { not }; saw ${seenFields}.`,
    );
  }
  if (operator === "not")
    return evaluateFilter(filterColumns, filterRecord.not as Filter).map((word) => ~word);
  if (operator === "all")
    return combineParts(filterColumns, operator, filterRecord.all, ~0, (a, b) => a & b);
  if (operator === "any")
    return combineParts(filterColumns, operator, filterRecord.any, 0, (a, b) => a | b);
  const { field } = filterRecord;
  if (typeof field !== "string") throw unexpected("filter: field", "a name", field);
  if (operator === "is") return matchValues(filterColumns, field, [filterRecord.is]);
  if (operator === "in")
    return matchValues(filterColumns, field, checkNonEmptyList(field, filterRecord.in));
  const { from = -Number.MAX_VALUE, to = Number.MAX_VALUE } = filterRecord;
  for (const bound of [from, to]) {
    if (!Number.isFinite(bound))
      throw unexpected(`filter: ${field}`, "finite numbers for from and to", bound);
  }
  return matchNumbers(
    filterColumns,
    field,
    (number) => number >= (from as number) && number <= (to as number),
  );
}

function checkNonEmptyList(where: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value as unknown[];
  throw unexpected(`filter: ${where}`, "a list that is not empty", value);
}

/**
 * Bitset of the rows that meet all or any of the conditions in `parts`: `joinWords` is bitwise
 * "and" or "or", `neutralWord` its neutral element.
 */
function combineParts(
  filterColumns: FilterColumns,
  operator: string,
  parts: unknown,
  neutralWord: number,
  joinWords: (a: number, b: number) => number,
): Uint32Array {
  const matchingRows = new Uint32Array(Math.ceil(filterColumns.rows / 32)).fill(neutralWord);
  for (const part of checkNonEmptyList(operator, parts))
    evaluateFilter(filterColumns, part as Filter).forEach(
      (word, index) => (matchingRows[index] = joinWords(matchingRows[index]!, word)),
    );
  return matchingRows;
}

/** Bitset of the rows whose field equals one of the values. */
function matchValues(
  filterColumns: FilterColumns,
  field: string,
  values: readonly unknown[],
): Uint32Array {
  // A row without a number holds NaN.
  if (values.every(Number.isFinite))
    return matchNumbers(filterColumns, field, (number) => values.includes(number));
  const index = values.findIndex(
    (value) => typeof value !== "string" && typeof value !== "boolean",
  );
  if (index >= 0)
    throw unexpected(
      `filter: ${field}`,
      "strings or booleans, or finite numbers only",
      values[index],
    );
  const column = findColumn(filterColumns, field);
  if (column.numeric)
    throw new SageError(
      "option",
      `filter: "${field}" holds numbers: compare it with a number, from or to.`,
    );
  const isMatchingLabel = column.dictionary.map((word) =>
    values.some((value) => String(value) === word),
  );
  let labelPosition = 0;
  return bitsetOfRows(column.ends, (end) => {
    let meetsCondition = false;
    for (; labelPosition < end; labelPosition += 1)
      meetsCondition ||= isMatchingLabel[column.labelIndices[labelPosition]!]!;
    return meetsCondition;
  });
}

/** Bitset of the rows whose number meets the condition; a row without a number holds NaN. */
function matchNumbers(
  filterColumns: FilterColumns,
  field: string,
  meetsCondition: (number: number) => boolean,
): Uint32Array {
  const column = findColumn(filterColumns, field);
  if (!column.numeric)
    throw new SageError("option", `filter: "${field}" holds strings: compare it with a string.`);
  return bitsetOfRows(column.numbers, meetsCondition);
}

function findColumn({ columns }: FilterColumns, field: string): Column {
  const column = columns.get(field);
  if (column) return column;
  const knownFields = [...columns.keys()].join(", ") || "none; build the catalogue with attributes";
  throw new SageError(
    "option",
    `filter: there is no attribute ${inspect(field)}. Known: ${knownFields}.`,
  );
}

/**
 * Bitset of the rows whose value meets the condition, which is called once per row, in row order.
 */
function bitsetOfRows(
  rowValues: Uint32Array | Float64Array,
  meetsCondition: (value: number) => boolean,
): Uint32Array {
  const matchingRows = emptyRowSet(rowValues.length);
  rowValues.forEach((value, row) => {
    if (meetsCondition(value)) addRow(matchingRows, row);
  });
  return matchingRows;
}
