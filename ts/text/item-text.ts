/** The text of an item: that of fields of its payload. */

type Fields = Readonly<Record<string, unknown>>;

/**
 * The texts of the fields, lists of strings included, in the order of the fields. A field a.b is in
 * an object; a name that is the whole path comes first.
 */
export function textOf(payload: unknown, fields: readonly string[]): string {
  return fields
    .map((field) => readField(payload, field))
    .flat(2)
    .filter((value) => typeof value === "string" || typeof value === "number")
    .join(" ");
}

function readField(payload: unknown, path: string): unknown {
  if (typeof payload !== "object" || payload === null) return undefined;
  if (Object.hasOwn(payload, path)) return (payload as Fields)[path];
  let value: unknown = payload;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Fields)[name];
  }
  return value;
}
