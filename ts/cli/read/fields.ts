/** Fields of a row, converted to the types of the library: ids and vectors. */
import { checkItemId, checkVector, inspect } from "../../values/check.js";
import { InputError, messageOf } from "../command-error.js";
import { expandColumns, namesColumns, readPath } from "./field-path.js";
import { parseDecimal } from "./number.js";
import { listNames, type Row } from "./row.js";
import { parseVectorCell } from "./vector-cell.js";

/** The id in a field. An integer is converted to its decimal digits, the text of a CSV cell. */
export function readId(row: Row, field: string): string {
  return toId(`${row.location}: ${field}`, requireField(row, field, "--id"));
}

/** The value as an item id: a non-empty string, or a safe integer. */
export function toId(where: string, value: unknown): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new InputError(
      `${where}: the number is beyond 2^53, where digits are lost. ` +
        'Write the id in quotes, as in "id": "9007199254740993".',
    );
  return withInputErrors(() => checkItemId(where, Number.isInteger(value) ? `${value}` : value));
}

/**
 * The vector in a field, or in several columns with one component each: an array of finite numbers,
 * or text (a CSV cell) of numbers separated by commas, semicolons or white space.
 */
export function readVector(row: Row, field: string): Float32Array {
  const where = `${row.location}: ${field}`;
  if (namesColumns(field) && !Object.hasOwn(row.fields, field)) return readColumns(row, field);
  return toVector(where, requireField(row, field, "--vector"), row.decimalComma ?? false);
}

/** The value as a vector of at least one component. */
export function toVector(where: string, value: unknown, decimalComma: boolean): Float32Array {
  let numbers = value;
  if (typeof value === "string") {
    const parsedVector = parseVectorCell(value, decimalComma);
    if ("problem" in parsedVector) throw new InputError(`${where}: ${parsedVector.problem}.`);
    numbers = parsedVector.values;
  }
  if (!isList(numbers) || numbers.length === 0)
    throw new InputError(
      `${where}: expected an array of numbers, saw ` +
        `${isList(numbers) ? "an empty one" : inspect(value)}. ` +
        "Repair the vector, or name its field with --vector.",
    );
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index];
    if (typeof number !== "number" || Number.isNaN(number))
      throw new InputError(
        `${where}: component ${index} of the vector is not a number, saw ${inspect(number)}. ` +
          "Remove the item or repair its vector.",
      );
  }
  const vector = Float32Array.from(numbers as ArrayLike<number>);
  return withInputErrors(() => checkVector(where, vector, vector.length));
}

/** The result of `check`; an error it throws becomes an InputError with the same message. */
function withInputErrors<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw toInputError(error);
  }
}

/** An InputError with the message of `error`: the input is invalid, so no stack is printed. */
function toInputError(error: unknown): InputError {
  return error instanceof InputError ? error : new InputError(messageOf(error));
}

/** Reads a vector from several columns with one component each. */
function readColumns(row: Row, columns: string): Float32Array {
  const names = columnsOf(columns);
  const numbers = names.map((name) => {
    const value = requireField(row, name, "--vector");
    const text = typeof value === "string" ? value.trim() : "";
    const number = typeof value === "number" ? value : parseComponent(text, row.decimalComma);
    if (!Number.isNaN(number)) return number;
    throw new InputError(`${row.location}: ${name}: expected a number, saw ${inspect(value)}.`);
  });
  return toVector(`${row.location}: ${columns}`, numbers, false);
}

function parseComponent(text: string, decimalComma = false): number {
  return parseDecimal(decimalComma ? text.replace(",", ".") : text);
}

/** The number in a field of a row, NaN for other values; cells may have decimal commas. */
export function toNumber(value: unknown, decimalComma = false): number {
  if (typeof value === "string") return parseComponent(value.trim(), decimalComma);
  return typeof value === "number" ? value : NaN;
}

const columnsByPattern = new Map<string, readonly string[]>();

/** The columns that `text` names, expanded once and not for every row. */
export function columnsOf(text: string): readonly string[] {
  const cachedColumns = columnsByPattern.get(text);
  if (cachedColumns) return cachedColumns;
  const columns = expandColumns(text);
  columnsByPattern.set(text, columns);
  return columns;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function requireField({ location, fields }: Row, field: string, option: string): unknown {
  const value = readPath(fields, field);
  if (value !== undefined && value !== null) return value;
  const remedy = option === "--vector" ? "; texts without vectors: --text FIELDS --embed text" : "";
  throw new InputError(
    `${location}: the field "${field}" is missing. Fields: ${listNames(Object.keys(fields))}. ` +
      `${option} names another field${remedy}.`,
  );
}
