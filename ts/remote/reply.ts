/** Reading JSON that somebody else wrote: each reader throws what it saw where something else was promised. */
import { inspect } from "../check.js";

/** An object's property, whatever it is. */
export function field(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null)
    throw new TypeError(`${inspect(value)} instead of an object with "${key}"`);
  return (value as Record<string, unknown>)[key];
}

/** A list. */
export function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`${inspect(value)} instead of a list of ${what}`);
}

/** A number, also one written as text. */
export function number(value: unknown, what: string): number {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof read === "number" && Number.isFinite(read)) return read;
  throw new TypeError(`${inspect(value)} for ${what}`);
}

/** An id: a text, or a whole number small enough to be exact in JSON. */
export function id(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw new TypeError(
    `${inspect(value)} for an id (a whole number beyond 2^53 is not exact in JSON)`,
  );
}

/** A vector: numbers in a list, or none where the engine gave none. */
export function vector(value: unknown): Float32Array | undefined {
  if (value === null || value === undefined) return undefined;
  return Float32Array.from(list(value, "numbers"), (each) => number(each, "a number of a vector"));
}

/** What an engine's error message may be, wherever it keeps it. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
