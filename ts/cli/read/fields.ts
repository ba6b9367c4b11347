/** The fields of a row as the library wants them: ids are text, vectors are Float32Arrays. */
import { checkItemId, checkVector, inspect } from "../../check.js";
import { InputError, messageOf } from "../command-error.js";
import type { Row } from "./row.js";

/** The id in this field. A whole number is taken as its digits, as it would be in CSV. */
export function readId(row: Row, field: string): string {
  const value = take(row, field);
  return within(() =>
    checkItemId(`${row.place}: ${field}`, Number.isSafeInteger(value) ? String(value) : value),
  );
}

/** The vector in this field: an array of numbers or, in CSV, numbers between brackets, commas, semicolons or spaces. */
export function readVector(row: Row, field: string): Float32Array {
  const { place } = row;
  const value = take(row, field);
  const numbers = typeof value === "string" ? splitNumbers(value) : value;
  if (!Array.isArray(numbers) || numbers.length === 0) {
    throw new InputError(
      `${place}: ${field}: expected an array of numbers, saw ${inspect(value)}.`,
    );
  }
  const wrong = numbers.findIndex((number) => typeof number !== "number" || Number.isNaN(number));
  if (wrong >= 0) {
    const seen = typeof value === "string" ? inspect(value) : inspect(numbers[wrong]);
    throw new InputError(
      `${place}: ${field}: number ${wrong} of the vector is not a number, saw ${seen}.`,
    );
  }
  return within(() =>
    checkVector(`${place}: ${field}`, Float32Array.from(numbers as number[]), numbers.length),
  );
}

/** What `check` gives; what it complains about is the input. */
export function within<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new InputError(messageOf(error));
  }
}

function take({ place, fields }: Row, field: string): unknown {
  const value = fields[field];
  if (value !== undefined) return value;
  throw new InputError(
    `${place}: there is no field "${field}". The line has: ${Object.keys(fields).join(", ") || "no field"}.`,
  );
}

function splitNumbers(text: string): number[] {
  const numbers = text.replace(/^\s*\[|\]\s*$/g, "").trim();
  return numbers === ""
    ? []
    : numbers.split(/\s*[,;\s]\s*/).map((number) => (number === "" ? NaN : Number(number)));
}
