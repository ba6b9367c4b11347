/**
 * Names of fields as options give them: a field, a path into nested objects (a.b), a path through
 * a list (a[].b), or several columns (d0..d383 or x,y,z).
 */
import { InputError } from "../command-error.js";

/** More columns than any embedding has dimensions. */
const MAX_COLUMNS = 65_536;

type Fields = Readonly<Record<string, unknown>>;

/**
 * The value at a path; undefined if there is none. A field whose name is the whole path comes
 * first, so that names with dots work.
 */
export function readPath(fields: Fields, path: string): unknown {
  if (Object.hasOwn(fields, path)) return fields[path];
  let value: unknown = fields;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Fields)[name];
  }
  return value;
}

/** The fields without the one at a path; the objects on the path are copied. */
export function withoutPath(fields: Fields, path: string): Fields {
  const [name = "", ...rest] = Object.hasOwn(fields, path) ? [path] : path.split(".");
  if (!Object.hasOwn(fields, name)) return fields;
  const { [name]: value, ...otherFields } = fields;
  if (rest.length === 0 || typeof value !== "object" || value === null) return otherFields;
  const innerFields = withoutPath(value as Fields, rest.join("."));
  return Object.keys(innerFields).length > 0
    ? { ...otherFields, [name]: innerFields }
    : otherFields;
}

/** The path of a list and the path in its elements, if the path has one: "a[].b" is [a, b]. */
export function splitListPath(path: string): readonly [list: string, element: string] | undefined {
  const bracketIndex = path.indexOf("[]");
  if (bracketIndex < 0) return undefined;
  return [path.slice(0, bracketIndex), path.slice(bracketIndex + 2).replace(/^\./, "")];
}

/**
 * The columns that a text names: "x,y" two, "d0..d383" 384. Throws an InputError for a range that
 * is not one.
 */
export function expandColumns(text: string): string[] {
  return text.split(",").flatMap((part) => {
    const name = part.trim();
    const [, prefix, first, lastPrefix, last] = /^(.*?)(\d+)\.\.(.*?)(\d+)$/.exec(name) ?? [];
    if (first === undefined || last === undefined) return [name];
    const from = Number(first);
    const to = Number(last);
    if (prefix !== lastPrefix || from > to || to - from >= MAX_COLUMNS)
      throw new InputError(
        `"${name}" is not a range of columns. Expected a name and ascending numbers, as in ` +
          `d0..d383, of at most ${MAX_COLUMNS} columns.`,
      );
    const digitCount = first.startsWith("0") ? first.length : 0;
    return Array.from(
      { length: to - from + 1 },
      (_, index) => `${prefix}${String(from + index).padStart(digitCount, "0")}`,
    );
  });
}

/** Whether the text names several columns. */
export function namesColumns(text: string): boolean {
  return /,|\d\.\.|\.\.\d/.test(text);
}
