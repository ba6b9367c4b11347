/**
 * Validation of arguments, done once where they enter the package. The parameter `where` names the
 * call and the argument; every error message is `where`, the expected value and the value seen.
 */

import { SageError } from "../errors.js";
import { utf8Length } from "./bytes.js";
import { LIMITS } from "./limits.js";

/**
 * Throws code "option" unless `given` is an object whose keys are all in `knownKeys`. Maps and
 * other iterable objects have no keys, and neither has a promise, so that the content of both would
 * be ignored in silence.
 */
export function checkKeys(where: string, given: object, knownKeys: readonly string[]): void {
  if (
    typeof given !== "object" ||
    given === null ||
    Symbol.iterator in given ||
    typeof (given as { then?: unknown }).then === "function"
  ) {
    throw unexpected(where, "an object", given);
  }
  for (const key of Object.keys(given)) {
    if (!knownKeys.includes(key))
      throw new SageError(
        "option",
        `${where}: unknown option ${inspect(key)}. Known: ${knownKeys.join(", ")}.`,
      );
  }
}

/**
 * Returns `value` if it is a whole number from `min` to `max`, else throws code "option". The
 * default of `max` is the largest u32: the core reads such options as u32.
 */
export function checkInteger(
  where: string,
  value: unknown,
  min = 1,
  max: number = LIMITS.maxCount,
): number {
  if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max)
    return Number(value);
  throw unexpected(where, `a whole number from ${min} to ${max}`, value);
}

/** Returns `value` if it is a valid number of vector components: 1 to `LIMITS.maxDim`. */
export function checkDim(where: string, value: unknown): number {
  return checkInteger(where, value, 1, LIMITS.maxDim);
}

/** Whether `value` is a weight in the range that the core accepts. */
function isWeight(value: unknown): value is number {
  return typeof value === "number" && value >= LIMITS.minWeight && value <= LIMITS.maxWeight;
}

/**
 * Returns `value` if it is a valid weight of an action: positive, or negative for a dislike. Throws
 * as {@link checkWeight}.
 */
export function checkSignedWeight(where: string, value: unknown): number {
  return typeof value === "number" && isWeight(-value)
    ? value
    : checkWeight(where, value, " (negated: a dislike)");
}

/**
 * Returns `value` if it is a valid weight. NaN and infinities throw code "not-finite". `others`
 * names further valid weights, for the message.
 */
export function checkWeight(where: string, value: unknown, others = ""): number {
  const weight = checkFinite(where, value);
  if (isWeight(weight)) return weight;
  throw new SageError(
    "option",
    `${where}: expected a number from ${LIMITS.minWeight} to ${LIMITS.maxWeight}${others}, ` +
      `saw ${weight}. Divide weights by a typical one, as watch time by its median.`,
  );
}

/** Returns `value` if it is a finite number above 0 and at most `max`. */
export function checkPositive(where: string, value: unknown, max = Infinity): number {
  const number = checkFinite(where, value);
  if (number > 0 && number <= max) return number;
  const range = max === Infinity ? "above 0" : `above 0 and at most ${max}`;
  throw unexpected(where, `a number ${range}`, value);
}

/**
 * Returns `value` if it is a valid prior: 0 to `LIMITS.maxPrior`. NaN and infinities throw code
 * "not-finite". `where` is called for an error only.
 */
export function checkPrior(where: () => string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= LIMITS.maxPrior) return value;
  const prior = checkFinite(`${where()}: prior`, value);
  throw new SageError(
    "option",
    `${where()}: prior: expected a number from 0 to ${LIMITS.maxPrior}, saw ${prior}.`,
  );
}

/** A number from `min` to `max`. Throws code "option". */
export function checkRange(where: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw unexpected(where, `a number from ${min} to ${max}`, value);
}

/** A number in [0, 1]. Throws code "option". */
export function checkShare(where: string, value: unknown): number {
  return checkRange(where, value, 0, 1);
}

/** Returns `value` if it is a finite number. NaN and infinities throw code "not-finite". */
export function checkFinite(where: string, value: unknown): number {
  if (typeof value !== "number") throw unexpected(where, "a number", value);
  if (!Number.isFinite(value))
    throw new SageError("not-finite", `${where}: expected a finite number, saw ${value}.`);
  return value;
}

/**
 * Whether the text is well-formed Unicode. UTF-8 cannot encode half of a surrogate pair: texts that
 * differ only there would become equal.
 */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Whether `value` is an item id: well-formed Unicode, 1 to 65,535 bytes in UTF-8. */
export function isItemId(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    isWellFormed(value) &&
    (value.length * 3 <= LIMITS.maxIdBytes || utf8Length(value) <= LIMITS.maxIdBytes)
  );
}

/** Returns `value` if it is an item id, else throws code "option". */
export function checkItemId(where: string, value: unknown): string {
  if (isItemId(value)) return value;
  const expected =
    typeof value === "string" && value !== ""
      ? `well-formed Unicode of at most ${LIMITS.maxIdBytes} bytes`
      : "a non-empty string";
  throw unexpected(where, `an item's id, ${expected}`, value);
}

/** Validates an iterable of item ids and returns them as an array. Throws as {@link checkList}. */
export function checkItemIds(where: string, value: Iterable<unknown>): string[] {
  return Array.from(checkList(where, value, "item ids"), (item) => checkItemId(where, item));
}

/**
 * Returns `value` if it is iterable, else throws code "option"; also for a string, which would be
 * read as an iterable of characters. `content` names the values of the list, for the message.
 */
export function checkList<T>(where: string, value: Iterable<T>, content: string): Iterable<T> {
  if (
    typeof value === "string" ||
    typeof (value as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] !== "function"
  )
    throw unexpected(where, `a list of ${content}`, value);
  return value;
}

/**
 * Whether `value` is a Float32Array with `dim` finite components. False for one of another realm,
 * such as an iframe.
 */
export function isVector(value: unknown, dim: number): value is Float32Array {
  if (!(value instanceof Float32Array) || value.length !== dim) return false;
  // A plain loop: `every` would take a quarter of the time in which a profile is computed.
  for (let axis = 0; axis < dim; axis += 1) if (!Number.isFinite(value[axis])) return false;
  return true;
}

/**
 * Converts `value` as {@link toFloat32} does, to exactly `dim` finite components. Throws code
 * "option" for another type, "dimension" for another length, and "not-finite" for NaN, infinities
 * and numbers beyond the range of f32.
 */
export function checkVector(where: string, value: unknown, dim: number): Float32Array {
  if (isVector(value, dim)) return value;
  const vector = checkFloat32(where, value);
  if (vector.length !== dim) {
    throw new SageError(
      "dimension",
      `${where}: the vector has ${vector.length} components, expected ${dim}.`,
    );
  }
  const axis = vector.findIndex((component) => !Number.isFinite(component));
  if (axis < 0) return vector;
  throw new SageError(
    "not-finite",
    `${where}: component ${axis} of the vector is ${vector[axis]} as f32, ` +
      "expected a finite number.",
  );
}

/** Converts `value` as {@link toFloat32} does, or throws code "option". */
export function checkFloat32(where: string, value: unknown): Float32Array {
  return toFloat32(value) ?? refuseNumbers(where, value);
}

/**
 * Converts to a Float32Array: the numbers of a typed array of any realm or of a plain array, or the
 * f32 values stored in a Buffer, Uint8Array, DataView or ArrayBuffer. A Float32Array is not copied.
 * Undefined for any other value.
 */
function toFloat32(value: unknown): Float32Array | undefined {
  if (value instanceof Float32Array) return value;
  const type = builtInTypeOf(value);
  if (type === "Float32Array") {
    const { buffer, byteOffset, length } = value as Float32Array;
    return new Float32Array(buffer, byteOffset, length);
  }
  if (/^(Uint8Array|DataView|(Shared)?ArrayBuffer)$/.test(type)) {
    // A copy, because the bytes may not be aligned.
    const { buffer } = new Uint8Array(toBytes(value)!);
    return buffer.byteLength % 4 === 0 ? new Float32Array(buffer) : undefined;
  }
  return isNumberArray(value) ? Float32Array.from(value) : undefined;
}

/** The numbers of an array as f64. Throws code "option" for any other value. */
export function checkFloat64(where: string, value: unknown): Float64Array {
  return isNumberArray(value) ? Float64Array.from(value) : refuseNumbers(where, value);
}

function refuseNumbers(where: string, value: unknown): never {
  throw unexpected(where, "a Float32Array or another array of numbers", value);
}

/**
 * The bytes of a view or buffer of any realm, or of a plain array of bytes. Only a plain array is
 * copied. Undefined for any other value.
 */
export function toBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (/^(Shared)?ArrayBuffer$/.test(builtInTypeOf(value)))
    return new Uint8Array(value as ArrayBuffer);
  if (!Array.isArray(value)) return undefined;
  const bytes = Uint8Array.from(value as number[]);
  return bytes.every((byte, index) => byte === value[index]) ? bytes : undefined;
}

/** Returns `value` as {@link toBytes} does, or throws code "option". */
export function checkBytes(where: string, value: unknown): Uint8Array {
  const bytes = toBytes(value);
  if (bytes) return bytes;
  throw unexpected(where, "a Uint8Array", value);
}

/** The type name of a built-in object of any realm, such as "Float32Array". */
function builtInTypeOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether `value` is a typed array, or a plain array of numbers without holes. */
function isNumberArray(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value)
    ? !/^(Big|Data)/.test(builtInTypeOf(value))
    : Array.isArray(value) && value.findIndex((number) => typeof number !== "number") < 0;
}

/** Throws code "option" unless `value` is a function. */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== "function") throw unexpected(where, "a function", value);
}

/** Throws code "option" unless `value` is true or false. */
export function checkBoolean(where: string, value: unknown): void {
  if (typeof value !== "boolean") throw unexpected(where, "true or false", value);
}

/** Returns the index of `value` in `choices`. Throws code "option" for another value. */
export function checkChoice(where: string, value: unknown, choices: readonly string[]): number {
  const index = choices.indexOf(value as string);
  if (index >= 0) return index;
  throw unexpected(where, choices.map((choice) => `"${choice}"`).join(" or "), value);
}

/** Returns `value` if it is a non-empty string, else throws code "option". */
export function checkText(where: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw unexpected(where, "a non-empty string", value);
}

/** Returns a URL as a string. Throws code "option" for anything but a non-empty string or a URL. */
export function checkUrl(where: string, value: unknown): string {
  const url = typeof value === "string" ? value : (value as Partial<URL> | null | undefined)?.href;
  if (typeof url === "string" && url !== "") return url;
  throw unexpected(where, "a URL", value);
}

/** Throws code "option" unless the value is an object with functions of these names. */
export function checkMethods(where: string, value: unknown, names: readonly string[]): void {
  const methods = value as Readonly<Record<string, unknown>> | null | undefined;
  if (!names.every((name) => typeof methods?.[name] === "function"))
    throw unexpected(where, `an object with ${names.join(", ")}`, value);
}

/** Throws code "aborted" if the signal has fired, "option" if it is none. */
export function checkAbort(signal: AbortSignal | null | undefined): void {
  if (
    signal != null &&
    (typeof signal.aborted !== "boolean" || typeof signal.addEventListener !== "function")
  )
    throw unexpected("signal", "an AbortSignal", signal);
  if (signal?.aborted)
    throw new SageError("aborted", "The call was aborted by its signal.", { cause: signal.reason });
}

/** The error "option" for a value that is not as expected. */
export function unexpected(where: string, expected: string, seen: unknown): SageError {
  return new SageError("option", `${where}: expected ${expected}, saw ${inspect(seen)}.`);
}

/** Describes a value briefly for error messages, cut after 60 characters. Never throws. */
export function inspect(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) {
    let name = "object";
    try {
      name = cut(Array.isArray(value) ? "array" : `${value.constructor.name}`);
    } catch {
      // An object without a constructor, or a Proxy that refuses to be read.
    }
    return `${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
  }
  return cut(typeof value === "bigint" ? `${value}n` : String(value));
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
