/** Reading and validation of request bodies and queries. */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { init, isSageError } from "pocketsage";
import { decodeMedoids, type RemoteQuery } from "pocketsage/remote";
import * as v from "valibot";
import { Problem } from "./problem.js";
import { RetrieveBody } from "./schema.js";

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
    `${source}${path ? `: ${path}` : ""}: ${issue.message.slice(0, 200)}.`,
  );
}

/** A validated JSON body and its text. */
export async function readJson<Schema extends v.GenericSchema>(
  context: Context,
  schema: Schema,
): Promise<{ body: v.InferOutput<Schema>; text: string }> {
  const type = context.req.header("content-type") ?? "none";
  if (!/^application\/json\b/.test(type))
    throw new Problem(
      415,
      "body",
      `content-type: expected application/json, saw ${type.slice(0, 60)}.`,
    );
  const text = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, "body", "The body is not JSON.");
  }
  return { body: validate(schema, value, "the body"), text };
}

/** The queries of /v1/retrieve. Compact medoids (application/cbor) have the same limits as JSON. */
export async function readMedoids(context: Context, dim: number): Promise<RemoteQuery[]> {
  const queries = /^application\/cbor\b/.test(context.req.header("content-type") ?? "")
    ? await readCborMedoids(context)
    : await readJsonMedoids(context);
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
  const { count, medoids } = (await readJson(context, RetrieveBody)).body;
  return medoids.map(({ item, vector }) => ({
    ...(item === undefined ? {} : { item }),
    ...(vector === undefined ? {} : { vector: Float32Array.from(vector) }),
    count,
  }));
}

async function readCborMedoids(context: Context): Promise<RemoteQuery[]> {
  await init();
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  let queries: RemoteQuery[];
  try {
    queries = decodeMedoids(bytes);
  } catch (error) {
    if (!isSageError(error)) throw error;
    throw new Problem(400, error.code, `The compact medoids: ${error.message}`);
  }
  // The decoder has validated the vectors: the placeholder stands for a medoid without an id.
  const medoids = queries.map(({ item }) => ({ item: item ?? "vector" }));
  validate(RetrieveBody, { count: queries[0]!.count, medoids }, "the compact medoids");
  return queries;
}

/** SHA-256 of a text, in hexadecimal. */
export async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
