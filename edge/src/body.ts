/** Reading and validation of request bodies and queries. */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { init, isSageError } from "pocketsage";
import { decodeMedoids, type RemoteQuery } from "pocketsage/remote";
import * as v from "valibot";
import { Problem } from "./problem.js";
import { RetrieveBody } from "./schema.js";
import { checkSpace } from "./settings.js";

const CBOR = "application/cbor";

/** Middleware that refuses larger bodies, with or without a content-length header. */
export function limitBody(maxBytes: number): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new Problem(
        413,
        "body",
        `The body is larger than ${maxBytes} bytes: split it into several requests.`,
      );
    },
  });
}

/** The parsed value; throws a 400 that names the first invalid field of `source`. */
export function validate<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  source: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new Problem(
    400,
    "body",
    `${source}${path ? `: ${path.slice(0, 60)}` : ""}: ${describeIssue(issue, schema)}.`,
  );
}

/** What was expected and what was seen, cut to a length that a caller can read. */
function describeIssue(
  { type, expected, received, message, path }: v.BaseIssue<unknown>,
  schema: v.GenericSchema,
): string {
  if (type === "strict_object" && expected === "never") {
    const isTopLevel = path?.length === 1 && "entries" in schema;
    const known = isTopLevel ? Object.keys(schema.entries as object).join(", ") : "";
    return known ? `unknown. Known: ${known}` : "unknown";
  }
  if (received === "undefined") return "missing";
  const expectation = message.startsWith("Invalid ") ? `expected ${expected}` : message;
  const seen = received.length > 60 ? `${received.slice(0, 60)}…` : received;
  return (/\bsaw /.test(expectation) ? expectation : `${expectation}, saw ${seen}`).slice(0, 300);
}

/**
 * A validated query string. A parameter occurs once, or is in `lists` and is read as an array.
 * Malformed percent-encoding is refused: lenient decoding would give another item id.
 */
export function readQuery<Schema extends v.GenericSchema>(
  context: Context,
  schema: Schema,
  lists: readonly string[] = [],
): v.InferOutput<Schema> {
  const { search, searchParams } = new URL(context.req.url);
  try {
    decodeURIComponent(search);
  } catch {
    throw new Problem(400, "body", "the query: expected percent-encoded UTF-8.");
  }
  const entries = [...new Set(searchParams.keys())].map((name) => {
    const values = searchParams.getAll(name);
    if (lists.includes(name)) return [name, values];
    if (values.length === 1) return [name, values[0]];
    throw new Problem(400, "body", `the query: ${name.slice(0, 60)} occurs more than once.`);
  });
  return validate(schema, Object.fromEntries(entries), "the query");
}

/** A validated JSON body and its text. */
export async function readJson<Schema extends v.GenericSchema>(
  context: Context,
  schema: Schema,
): Promise<{ body: v.InferOutput<Schema>; text: string }> {
  checkContentType(context, "application/json");
  const bytes = await context.req.arrayBuffer();
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, "body", "The body is not JSON in UTF-8.");
  }
  return { body: validate(schema, value, "the body"), text };
}

/** The bytes of a binary body. */
export async function readBytes(
  context: Context,
  contentType: string,
): Promise<Uint8Array<ArrayBuffer>> {
  checkContentType(context, contentType);
  return new Uint8Array(await context.req.arrayBuffer());
}

/**
 * Throws a 415 unless the body has this content-type, with no charset but UTF-8, and no encoding:
 * other bytes would be misread.
 */
function checkContentType(context: Context, expected: string): void {
  const seenType = context.req.header("content-type") ?? "none";
  const charset = /;\s*charset\s*=\s*"?([^";]*)/i.exec(seenType)?.[1]?.trim() ?? "utf-8";
  if (mediaTypeOf(seenType) !== expected || charset.toLowerCase() !== "utf-8")
    throw new Problem(
      415,
      "body",
      `content-type: expected ${expected}, saw ${seenType.slice(0, 60)}.`,
    );
  const encoding = context.req.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity")
    throw new Problem(
      415,
      "body",
      `content-encoding: expected none, saw ${encoding.slice(0, 60)}: send the body uncompressed.`,
    );
}

/** The type and subtype of a content-type, without parameters. */
function mediaTypeOf(contentType: string): string {
  return contentType.split(";")[0]!.trim().toLowerCase();
}

/** The queries of /v1/retrieve. Compact medoids (application/cbor) have the same limits as JSON. */
export async function readMedoids(
  context: Context,
  dim: number,
  space: string | undefined,
): Promise<RemoteQuery[]> {
  const queries =
    mediaTypeOf(context.req.header("content-type") ?? "") === CBOR
      ? await readCborMedoids(context)
      : await readJsonMedoids(context);
  checkSpace(queries[0]?.space, space);
  for (const { vector } of queries) {
    if (vector && vector.length !== dim)
      throw new Problem(
        400,
        "dimension",
        `A vector has ${vector.length} dimensions, expected ${dim}.`,
      );
  }
  return queries;
}

async function readJsonMedoids(context: Context): Promise<RemoteQuery[]> {
  const { count, medoids, space } = (await readJson(context, RetrieveBody)).body;
  return medoids.map(({ item, vector }) => ({
    ...(item === undefined ? {} : { item }),
    ...(vector === undefined ? {} : { vector: Float32Array.from(vector) }),
    count,
    space,
  }));
}

async function readCborMedoids(context: Context): Promise<RemoteQuery[]> {
  await init();
  const bytes = await readBytes(context, CBOR);
  let queries: RemoteQuery[];
  try {
    queries = decodeMedoids(bytes);
  } catch (error) {
    if (!isSageError(error)) throw error;
    throw new Problem(400, error.code, `The compact medoids: ${error.message}`);
  }
  // The decoder has validated the vectors: the placeholder represents a medoid without an id.
  const medoids = queries.map(({ item }) => ({ item: item ?? "vector" }));
  validate(RetrieveBody, { count: queries[0]!.count, medoids }, "the compact medoids");
  return queries;
}
