/** Fields of a row, converted to the types of the library: ids and vectors. */
import { checkItemId, checkVector, inspect } from "../../check.js";
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";

/** The id in a field. An integer is converted to its decimal digits, as a CSV cell has them. */
export function readId(row: Row, field: string): string {
  const value = requireField(row, field);
  return withInputErrors(() =>
    checkItemId(`${row.location}: ${field}`, Number.isSafeInteger(value) ? String(value) : value),
  );
}

/**
 * The vector in a field: an array of finite numbers, or a string (a CSV cell) of numbers separated
 * by commas, semicolons or white space, with or without brackets.
 */
export function readVector(row: Row, field: string): Float32Array {
  const where = `${row.location}: ${field}`;
  const value = requireField(row, field);
  const numbers = typeof value === "string" ? parseVector(value) : value;
  if (!Array.isArray(numbers) || numbers.length === 0)
    throw new InputError(`${where}: expected an array of numbers, saw ${inspect(value)}.`);
  const index = numbers.findIndex((number) => typeof number !== "number" || Number.isNaN(number));
  if (index >= 0) {
    const seen = inspect(typeof value === "string" ? value : numbers[index]);
    throw new InputError(
      `${where}: component ${index} of the vector is not a number, saw ${seen}.`,
    );
  }
  return withInputErrors(() =>
    checkVector(where, Float32Array.from(numbers as number[]), numbers.length),
  );
}

/** The result of `check`; an error it throws becomes an InputError with the same message. */
export function withInputErrors<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw toInputError(error);
  }
}

/** An InputError with the message of `error`: the input is invalid, so no stack is printed. */
export function toInputError(error: unknown): InputError {
  return new InputError(messageOf(error));
}

function requireField({ location, fields }: Row, field: string): unknown {
  const value = fields[field];
  if (value !== undefined) return value;
  const present = Object.keys(fields).join(", ") || "none";
  throw new InputError(`${location}: the field "${field}" is missing. Fields: ${present}.`);
}

/** The numbers of a vector cell; NaN where one is empty or not a number. */
function parseVector(cell: string): number[] {
  const list = cell.replace(/^\s*\[|\]\s*$/g, "").trim();
  return list === ""
    ? []
    : list.split(/\s*[,;\s]\s*/).map((number) => (number === "" ? NaN : Number(number)));
}
