/**
 * Filters for vector engines: a tree of conditions that each adapter compiles to its engine's
 * filter language. Strings are sent as parameters or JSON, never inside an expression the engine
 * parses.
 */

import type { Filter, FilterValue } from "../catalogue/filter.js";
import { SageError } from "../errors.js";
import { checkKeys, unexpected } from "../values/check.js";
import type { RemoteRetriever } from "./answer.js";

export type { Filter, FilterValue };

/** A filter in negation normal form: negation only in leaves. The input of the adapters. */
export type Condition =
  | { kind: "in"; field: string; values: readonly FilterValue[]; negated: boolean }
  | { kind: "compare"; field: string; sign: ">=" | "<=" | ">" | "<"; value: number }
  | { kind: "all"; parts: Condition[] }
  | { kind: "any"; parts: Condition[] };

const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const NEGATED_SIGN = { ">=": "<", "<=": ">", ">": "<=", "<": ">=" } as const;
/** Maximum number of values in one `in` condition. */
const MAX_VALUES_PER_IN = 1000;
/** Maximum nesting depth of a filter. */
const MAX_FILTER_DEPTH = 16;

/**
 * Validate a filter and move every `not` to the leaves (De Morgan). Throws code "option" with the
 * path of the invalid condition. No filter: no condition.
 */
export function checkFilter(where: string, filter: Filter): Condition;
export function checkFilter(where: string, filter: Filter | undefined): Condition | undefined;
export function checkFilter(where: string, filter: Filter | undefined): Condition | undefined {
  if (filter === undefined) return undefined;
  return compileFilter(`${where}: filter`, filter, false, 0);
}

/** The method `withFilter` of an adapter: a new adapter whose filter has both conditions. */
export function narrowFilter<Options extends { filter?: Filter }>(
  create: (options: Options) => RemoteRetriever,
  options: Options,
): (filter: Filter) => RemoteRetriever {
  return (filter) =>
    create({
      ...options,
      filter: options.filter !== undefined ? { all: [options.filter, filter] } : filter,
    });
}

/**
 * Returns the condition unchanged, or throws code "option" if it compares with a string. For
 * engines whose filter language has no parameters: there, a string could inject code.
 */
export function rejectStrings<T extends Condition | undefined>(where: string, condition: T): T {
  if (condition === undefined) return condition;
  if (condition.kind === "all" || condition.kind === "any")
    for (const part of condition.parts) rejectStrings(where, part);
  else if (condition.kind === "in" && condition.values.some((value) => typeof value === "string")) {
    throw new SageError(
      "option",
      `${where}: filter: "${condition.field}" is compared with a string, but this engine has no ` +
        "parameters. Store a number instead, or filter after retrieval.",
    );
  }
  return condition;
}

function compileFilter(where: string, filter: Filter, negated: boolean, depth: number): Condition {
  if (depth > MAX_FILTER_DEPTH)
    throw new SageError("option", `${where}: nested deeper than ${MAX_FILTER_DEPTH}.`);
  checkKeys(where, filter, ["field", "is", "in", "from", "to", "all", "any", "not"]);
  if ("not" in filter) return compileFilter(where, filter.not, !negated, depth + 1);
  if ("all" in filter || "any" in filter) {
    const conditions = "all" in filter ? filter.all : filter.any;
    if (!Array.isArray(conditions) || conditions.length === 0)
      throw unexpected(where, "a list of conditions", conditions);
    const parts = Array.from(conditions as readonly Filter[], (part) =>
      compileFilter(where, part, negated, depth + 1),
    );
    return { kind: "all" in filter !== negated ? "all" : "any", parts };
  }
  return compileLeaf(where, filter, negated);
}

function compileLeaf(
  where: string,
  filter: Extract<Filter, { field: string }>,
  negated: boolean,
): Condition {
  const { field } = filter;
  if (typeof field !== "string" || !FIELD_NAME.test(field)) {
    throw unexpected(`${where}: field`, "a name of letters, digits and _", field);
  }
  const fieldLabel = `${where}: ${field}`;
  if ("is" in filter)
    return { kind: "in", field, values: [checkValue(fieldLabel, filter.is)], negated };
  if ("in" in filter) {
    const { in: values } = filter;
    if (!Array.isArray(values) || values.length === 0 || values.length > MAX_VALUES_PER_IN) {
      throw unexpected(fieldLabel, `a list of 1 to ${MAX_VALUES_PER_IN} values`, values);
    }
    return {
      kind: "in",
      field,
      values: Array.from(values as readonly unknown[], (value) => checkValue(fieldLabel, value)),
      negated,
    };
  }
  const rangeConditions: Condition[] = [];
  for (const [bound, sign] of [
    ["from", ">="],
    ["to", "<="],
  ] as const) {
    const value = (filter as { from?: number; to?: number })[bound];
    if (value === undefined) continue;
    rangeConditions.push({
      kind: "compare",
      field,
      sign: negated ? NEGATED_SIGN[sign] : sign,
      value: checkNumber(`${fieldLabel}: ${bound}`, value),
    });
  }
  if (rangeConditions.length === 0)
    throw new SageError("option", `${fieldLabel}: expected \`is\`, \`in\`, \`from\` or \`to\`.`);
  return rangeConditions.length === 1
    ? rangeConditions[0]!
    : { kind: negated ? "any" : "all", parts: rangeConditions };
}

function checkValue(where: string, value: unknown): FilterValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return checkNumber(where, value);
  throw unexpected(where, "a string, a number or a boolean", value);
}

function checkNumber(where: string, value: unknown): number {
  if (Number.isFinite(value)) return value as number;
  throw unexpected(where, "a finite number", value);
}

/** Comparison operators of Elasticsearch and Qdrant. */
export const RANGE_OPERATORS = { ">=": "gte", "<=": "lte", ">": "gt", "<": "lt" } as const;

/** Comparison operators of MongoDB's filter syntax, used by Chroma, Pinecone and Vectorize. */
const MONGO_OPERATORS = { ">=": "$gte", "<=": "$lte", ">": "$gt", "<": "$lt" } as const;

/** Compile to MongoDB's filter syntax. */
export function toMongoFilter(condition: Condition): Record<string, unknown> {
  if (condition.kind === "compare")
    return { [condition.field]: { [MONGO_OPERATORS[condition.sign]]: condition.value } };
  if (condition.kind === "in") {
    const { field, values, negated } = condition;
    if (values.length === 1) return { [field]: { [negated ? "$ne" : "$eq"]: values[0] } };
    return { [field]: { [negated ? "$nin" : "$in"]: values } };
  }
  if (condition.parts.length === 1) return toMongoFilter(condition.parts[0]!);
  return { [condition.kind === "all" ? "$and" : "$or"]: condition.parts.map(toMongoFilter) };
}

/** Syntax of an expression language: one comparison, and the infix operators. */
export interface ExpressionSyntax {
  compare: (
    field: string,
    sign: "=" | "!=" | ">=" | "<=" | ">" | "<",
    value: FilterValue,
  ) => string;
  and: string;
  or: string;
}

/** Compile to an expression of comparisons joined by `and` and `or`. */
export function toExpression(condition: Condition, syntax: ExpressionSyntax): string {
  if (condition.kind === "compare")
    return syntax.compare(condition.field, condition.sign, condition.value);
  const sign = condition.kind === "in" && condition.negated ? "!=" : "=";
  const parts =
    condition.kind === "in"
      ? condition.values.map((value) => syntax.compare(condition.field, sign, value))
      : condition.parts.map((part) => toExpression(part, syntax));
  const isConjunction = condition.kind === "in" ? condition.negated : condition.kind === "all";
  return parts.length === 1 ? parts[0]! : `(${parts.join(isConjunction ? syntax.and : syntax.or)})`;
}
