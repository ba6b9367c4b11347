// Checks replies of the Worker against its OpenAPI document: the status must be documented, and the
// body must have the documented shape without further fields.
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";

const ajv = new Ajv2020({ strict: false });
const validators = new Map();

/** Asserts that the document describes this reply. Undocumented paths and methods are ignored. */
export async function assertDocumented(document, method, url, reply) {
  const operation = document.paths[url.pathname]?.[method.toLowerCase()];
  if (!operation) return;
  const name = `${method} ${url.pathname} ${reply.status}`;
  const response = resolve(document, operation.responses[reply.status]);
  assert.ok(response, `${name} is not in the OpenAPI document`);
  for (const [header, { required }] of Object.entries(response.headers ?? {}))
    if (required) assert.ok(reply.headers.has(header), `${name} has no header ${header}`);
  const type = reply.headers.get("content-type")?.split(";")[0];
  assert.ok(type in response.content, `${name} has the undocumented content-type ${type}`);
  const { schema } = response.content[type];
  if (!schema) return;
  if (!validators.has(name)) validators.set(name, ajv.compile(closed(resolve(document, schema))));
  const validate = validators.get(name);
  assert.ok(validate(await reply.clone().json()), `${name}: ${ajv.errorsText(validate.errors)}`);
}

/** The object behind a local `$ref`, or the object itself. */
function resolve(document, object) {
  if (!object?.$ref) return object;
  return object.$ref
    .split("/")
    .slice(1)
    .reduce((parent, key) => parent[key], document);
}

/** A schema whose objects allow no properties but those it names. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const result = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  return result.properties ? { additionalProperties: false, ...result } : result;
}
