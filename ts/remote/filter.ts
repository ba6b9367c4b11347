/**
 * Which items an engine may answer with: one small tree of conditions, compiled by each adapter into its engine's own form. Values travel as
 * parameters or as JSON, never inside a text that the engine parses.
 */

import type { Filter, FilterValue } from "../catalogue/filter.js";
import { checkFinite, checkKeys, inspect } from "../check.js";
import { SageError } from "../errors.js";

export type { Filter, FilterValue };

/** A filter without `not` at its branches and with one shape a leaf: what the adapters compile. */
export type Condition =
  | { kind: "in"; field: string; values: readonly FilterValue[]; negated: boolean }
  | { kind: "compare"; field: string; sign: ">=" | "<=" | ">" | "<"; value: number }
  | { kind: "all"; parts: Condition[] }
  | { kind: "any"; parts: Condition[] };

const FIELD = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const OPPOSITE = { ">=": "<", "<=": ">", ">": "<=", "<": ">=" } as const;
const MOST_VALUES = 1000;

/** The filter with every `not` carried down to the leaves (De Morgan). Throws "option", naming the condition that is wrong. */
export function checkFilter(where: string, filter: Filter): Condition {
  return compile(`${where}: filter`, filter, false, 0);
}

/** Throws "option" where the filter compares with text: for engines whose filter language has no parameters. */
export function onlyNumbers(where: string, condition: Condition): Condition {
  if (condition.kind === "all" || condition.kind === "any")
    for (const part of condition.parts) onlyNumbers(where, part);
  else if (condition.kind === "in" && condition.values.some((value) => typeof value === "string")) {
    throw new SageError(
      "option",
      `${where}: filter: "${condition.field}" is compared with text, and this engine's filters have no parameters to keep text apart from ` +
        "code. Store a number for it, or leave the items out after retrieval.",
    );
  }
  return condition;
}

function compile(where: string, filter: Filter, negated: boolean, depth: number): Condition {
  if (depth > 16) throw new SageError("option", `${where}: it is nested more than 16 deep.`);
  checkKeys(where, filter, ["field", "is", "in", "from", "to", "all", "any", "not"]);
  if ("not" in filter) return compile(where, filter.not, !negated, depth + 1);
  if ("all" in filter || "any" in filter) {
    const given = "all" in filter ? filter.all : filter.any;
    if (!Array.isArray(given) || given.length === 0)
      throw new SageError(
        "option",
        `${where}: expected a list of conditions, saw ${inspect(given)}.`,
      );
    const parts = (given as readonly Filter[]).map((part) =>
      compile(where, part, negated, depth + 1),
    );
    return { kind: "all" in filter !== negated ? "all" : "any", parts };
  }
  return leaf(where, filter, negated);
}

function leaf(
  where: string,
  filter: Extract<Filter, { field: string }>,
  negated: boolean,
): Condition {
  const { field } = filter;
  if (typeof field !== "string" || !FIELD.test(field)) {
    throw new SageError(
      "option",
      `${where}: field: expected a name of letters, digits and _, saw ${inspect(field)}.`,
    );
  }
  const named = `${where}: ${field}`;
  if ("is" in filter) return { kind: "in", field, values: [checkValue(named, filter.is)], negated };
  if ("in" in filter) {
    const { in: values } = filter;
    if (!Array.isArray(values) || values.length === 0 || values.length > MOST_VALUES) {
      throw new SageError(
        "option",
        `${named}: expected a list of 1 to ${MOST_VALUES} values, saw ${inspect(values)}.`,
      );
    }
    return {
      kind: "in",
      field,
      values: (values as readonly unknown[]).map((value) => checkValue(named, value)),
      negated,
    };
  }
  const ends: Condition[] = [];
  for (const [end, sign] of [
    ["from", ">="],
    ["to", "<="],
  ] as const) {
    const value = (filter as { from?: number; to?: number })[end];
    if (value === undefined) continue;
    ends.push({
      kind: "compare",
      field,
      sign: negated ? OPPOSITE[sign] : sign,
      value: checkFinite(`${named}: ${end}`, value),
    });
  }
  if (ends.length === 0)
    throw new SageError("option", `${named}: expected \`is\`, \`in\`, \`from\` or \`to\`.`);
  return ends.length === 1 ? ends[0]! : { kind: negated ? "any" : "all", parts: ends };
}

function checkValue(where: string, value: unknown): FilterValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return checkFinite(where, value);
  throw new SageError(
    "option",
    `${where}: expected a text, a number or a boolean, saw ${inspect(value)}.`,
  );
}

/** The comparison's name in Mongo's dialect, which Chroma, Pinecone and Vectorize speak. */
const MONGO = { ">=": "$gte", "<=": "$lte", ">": "$gt", "<": "$lt" } as const;

/** The condition in Mongo's dialect. */
export function toMongo(condition: Condition): Record<string, unknown> {
  if (condition.kind === "compare")
    return { [condition.field]: { [MONGO[condition.sign]]: condition.value } };
  if (condition.kind === "in") {
    const { field, values, negated } = condition;
    if (values.length === 1) return { [field]: { [negated ? "$ne" : "$eq"]: values[0] } };
    return { [field]: { [negated ? "$nin" : "$in"]: values } };
  }
  if (condition.parts.length === 1) return toMongo(condition.parts[0]!);
  return { [condition.kind === "all" ? "$and" : "$or"]: condition.parts.map(toMongo) };
}

/** How a language writes one test, and joins tests. */
export interface Syntax {
  test: (field: string, sign: "=" | "!=" | ">=" | "<=" | ">" | "<", value: FilterValue) => string;
  and: string;
  or: string;
}

/** The condition as a text for a parser that knows `and`, `or` and comparisons. */
export function toExpression(condition: Condition, words: Syntax): string {
  if (condition.kind === "compare")
    return words.test(condition.field, condition.sign, condition.value);
  const sign = condition.kind === "in" && condition.negated ? "!=" : "=";
  const tests =
    condition.kind === "in"
      ? condition.values.map((value) => words.test(condition.field, sign, value))
      : condition.parts.map((part) => toExpression(part, words));
  const all = condition.kind === "in" ? condition.negated : condition.kind === "all";
  return tests.length === 1 ? tests[0]! : `(${tests.join(all ? words.and : words.or)})`;
}
