/** Checked access to untrusted JSON: each reader throws a TypeError with the value seen. */
import { inspect } from "../values/check.js";

/** A property of an object; undefined if missing. */
export function readField(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null)
    throw new TypeError(`${inspect(value)} instead of an object with "${key}"`);
  return (value as Record<string, unknown>)[key];
}

/** An array, without holes. `what` names its elements in the error. */
export function readList(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return Array.from(value as unknown[]);
  throw new TypeError(`${inspect(value)} instead of a list of ${what}`);
}

/** `Number` reads more than decimal numbers: blanks, and hexadecimal, octal and binary ones. */
const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** A finite number, also in decimal string form. `what` names it in the error. */
export function readNumber(value: unknown, what: string): number {
  const parsed = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  if (typeof parsed === "number" && Number.isFinite(parsed)) return parsed;
  throw new TypeError(`${inspect(value)} for ${what}`);
}

/**
 * The prior in the field of a record, to be spread into a hit. None without `field`, without a
 * record, and for a missing or null value. Throws a TypeError for anything but a number of at least
 * 0, which may be in decimal string form.
 */
export function readPrior(record: unknown, field: string | undefined): { prior?: number } {
  if (field === undefined || record === undefined || record === null) return {};
  const value = readField(record, field);
  if (value === undefined || value === null) return {};
  const prior = readNumber(value, `the prior in "${field}"`);
  if (prior >= 0) return { prior };
  throw new TypeError(`${prior} for the prior in "${field}", expected at least 0`);
}

/** A whole number from 0 to `max`. `what` names it in the error. */
export function readWhole(value: unknown, what: string, max: number): number {
  const number = readNumber(value, what);
  if (Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw new TypeError(`${number} for ${what}, from 0 to ${max}`);
}

/** A list with one element for each of `count` others. `what` names the elements in the error. */
export function readParallelList(value: unknown, what: string, count: number): unknown[] {
  const list = readList(value, what);
  if (list.length === count) return list;
  throw new TypeError(`${list.length} ${what} for ${count} ids`);
}

/** An id: a non-empty string, or an integer within the safe range, as a string. */
export function readId(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw new TypeError(`${inspect(value)} for an id (integers beyond 2^53 are not exact in JSON)`);
}

/** A vector, or undefined for null or undefined. */
export function readVector(value: unknown): Float32Array | undefined {
  if (value === null || value === undefined) return undefined;
  return Float32Array.from(readList(value, "numbers"), (component) =>
    readNumber(component, "a vector component"),
  );
}

/** A value as text for an error message. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
