// Arbitrary requests from the OpenAPI document: valid ones, and near-valid ones that differ from
// the document in one place or are something else altogether.
import fc from "fast-check";

const KNOWN_ITEMS = ["food-1", "food-2", "sport-1", "animal-1"];
const DIM = 8;

/** Values of every JSON type, those at the edges of ranges among them. */
const oddValue = fc.oneof(
  fc.constantFrom(null, true, "", " ", "0", "NaN", [], {}, [[]], { item: {} }),
  fc.constantFrom(0, -0, -1, 1e-7, 0.5, 1e308, -1e308, 5e-324, 2 ** 32, 2 ** 53, 1e15, 1e9),
  fc.constantFrom(
    "\ud800",
    "a\u0000b",
    "x".repeat(257),
    "__proto__",
    "\u202e",
    "'; drop table log",
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that the schema allows. */
function validValue(schema) {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(validValue));
  switch (schema.type) {
    case "string":
      return validString(schema);
    case "integer":
    case "number":
      return validNumber(schema);
    case "array": {
      const isVector = schema.items.type === "number";
      const { minItems = 0, maxItems = 20 } = schema;
      return fc.array(validValue(schema.items), {
        minLength: isVector ? DIM : minItems,
        maxLength: isVector ? DIM : Math.min(maxItems, 20),
      });
    }
    case "boolean":
      return fc.boolean();
    case "object":
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties).map(([name, own]) => [name, validValue(own)]),
        ),
        { requiredKeys: schema.required ?? [] },
      );
    default:
      throw new Error(`no arbitrary for ${JSON.stringify(schema)}`);
  }
}

function validString({ pattern, minLength = 0, maxLength = 64 }) {
  if (pattern?.includes("{")) return fc.stringMatching(new RegExp(pattern));
  const text = fc
    .string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 40) })
    .filter((value) => value.length <= maxLength)
    .filter((value) => !pattern || new RegExp(pattern).test(value));
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...KNOWN_ITEMS) }, text);
}

function validNumber({ type, minimum, maximum, exclusiveMinimum }) {
  const min = minimum ?? exclusiveMinimum ?? -1e6;
  const max = maximum ?? 1e6;
  if (type === "integer")
    return fc.oneof(
      fc.integer({ min: Math.ceil(min), max: Math.min(max, min + 10) }),
      fc.maxSafeInteger().filter((value) => value >= min && value <= max),
      fc.constantFrom(min, max),
    );
  const minExcluded = exclusiveMinimum !== undefined;
  return fc.oneof(
    fc.double({ min, max, minExcluded, noNaN: true }),
    fc.constantFrom(...(minExcluded ? [max] : [min, max])),
  );
}

/** Valid values in which one part may be replaced, left out, repeated or added. */
function nearlyValidValue(schema) {
  const changes = fc.record({ at: fc.nat(), change: fc.nat(3), value: oddValue });
  return fc
    .tuple(validValue(schema), fc.option(changes, { freq: 4 }))
    .map(([value, change]) => (change ? changed(value, change) : value));
}

/** The value with one of its parts changed. */
function changed(value, { at, change, value: odd }) {
  const root = { value: structuredClone(value) };
  const parts = [];
  const visit = (parent) => {
    for (const key of Object.keys(parent)) {
      parts.push([parent, key]);
      if (typeof parent[key] === "object" && parent[key] !== null) visit(parent[key]);
    }
  };
  visit(root);
  const [parent, key] = parts[at % parts.length];
  if (change === 0 && parent !== root) delete parent[key];
  else if (change === 1 && Array.isArray(parent)) parent.push(...parent, odd);
  else if (change === 2 && typeof parent[key] === "object" && parent[key] !== null)
    parent[key].surprise = odd;
  else parent[key] = odd;
  return root.value;
}

const queryText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/**
 * Requests of an operation: `{ query, headers, body }`. With `valid` the document allows them, else
 * they are nearly valid.
 */
export function requestOf({ parameters = [], requestBody }, { valid }) {
  const arbitraryOf = valid ? validValue : nearlyValidValue;
  const place = (where) => {
    const own = parameters.filter((parameter) => parameter.in === where);
    return fc.record(
      Object.fromEntries(own.map(({ name, schema }) => [name, arbitraryOf(schema)])),
      { requiredKeys: own.filter(({ required }) => required).map(({ name }) => name) },
    );
  };
  const toQuery = (values) =>
    Object.entries(values)
      .flatMap(([name, value]) =>
        [value].flat().map((one) => `${name}=${encode(queryText(one) ?? "")}`),
      )
      .join("&");
  const junkQuery = fc.string({ unit: "binary-ascii", maxLength: 30 }).map((text) => `?${text}`);
  const query = place("query").map((values) => (toQuery(values) ? `?${toQuery(values)}` : ""));
  const headers = place("header").map((values) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        String(queryText(value)).replace(/[^ -~]/g, "?"),
      ]),
    ),
  );
  return fc.record({
    query: valid ? query : fc.oneof({ weight: 4, arbitrary: query }, junkQuery),
    headers,
    body: bodyOf(requestBody, arbitraryOf, valid),
  });
}

function bodyOf(requestBody, arbitraryOf, valid) {
  if (!requestBody) return fc.constant(undefined);
  const { schema } = requestBody.content["application/json"] ?? {};
  const json = schema
    ? [
        {
          weight: 6,
          arbitrary: arbitraryOf(schema).map((value) => [
            "application/json",
            JSON.stringify(value),
          ]),
        },
      ]
    : [];
  if (valid && schema) return fc.oneof(...json);
  const [ownType] = Object.keys(requestBody.content);
  const bytes = fc.uint8Array({ maxLength: 200 });
  if (valid) return fc.tuple(fc.constant(ownType), bytes);
  const types = [...Object.keys(requestBody.content), "application/json-patch+json", "text/plain"];
  return fc.oneof(
    ...json,
    fc.tuple(fc.constantFrom(...types), fc.oneof(bytes, fc.json(), fc.string())),
  );
}

/** Percent-encodes a text; half surrogate pairs become %ED... as some programs write them. */
function encode(text) {
  return text.isWellFormed?.() === false ? "%ED%A0%80" : encodeURIComponent(text);
}
