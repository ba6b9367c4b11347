/** Bodies and queries: read, and checked against their schemas before anything is done with them. */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { init, isSageError } from "pocketsage";
import { decodeMedoids, type RemoteQuery } from "pocketsage/remote";
import * as v from "valibot";
import { Problem } from "./problem.js";
import { Medoids } from "./schema.js";

/** Refuses larger bodies, announced or not. */
export function limited(bytes: number): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new Problem(413, "body", `The body is larger than ${bytes} bytes: send less at once.`);
    },
  });
}

/** What the schema makes of the value, or a 400 that says where it is wrong. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  where: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new Problem(
    400,
    "body",
    `${where}${path ? `: ${path}` : ""}: ${issue.message.slice(0, 200)}.`,
  );
}

/** A JSON body, checked, and its text. */
export async function readJson<Schema extends v.GenericSchema>(
  context: Context,
  schema: Schema,
): Promise<{ body: v.InferOutput<Schema>; text: string }> {
  const type = context.req.header("content-type") ?? "nothing";
  if (!/^application\/json\b/.test(type))
    throw new Problem(
      415,
      "body",
      `Expected a body of application/json, saw ${type.slice(0, 60)}.`,
    );
  const text = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, "body", "The body is not JSON.");
  }
  return { body: check(schema, value, "the body"), text };
}

/** The queries of /v1/retrieve: compact medoids (application/cbor) or JSON, which are held to the same limits. */
export async function readMedoids(context: Context, dim: number): Promise<RemoteQuery[]> {
  const queries = /^application\/cbor\b/.test(context.req.header("content-type") ?? "")
    ? await readCompact(context)
    : await readPlain(context);
  for (const { vector } of queries) {
    if (vector && vector.length !== dim)
      throw new Problem(
        400,
        "dimension",
        `A vector has ${vector.length} numbers, expected ${dim}.`,
      );
  }
  return queries;
}

async function readPlain(context: Context): Promise<RemoteQuery[]> {
  const { count, medoids } = (await readJson(context, Medoids)).body;
  return medoids.map(({ item, vector }) => ({
    ...(item === undefined ? {} : { item }),
    ...(vector === undefined ? {} : { vector: Float32Array.from(vector) }),
    count,
  }));
}

async function readCompact(context: Context): Promise<RemoteQuery[]> {
  await init();
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  let queries: RemoteQuery[];
  try {
    queries = decodeMedoids(bytes);
  } catch (error) {
    if (!isSageError(error)) throw error;
    throw new Problem(400, error.code, `The message of compact medoids: ${error.message}`);
  }
  check(
    Medoids,
    {
      count: queries[0]!.count,
      medoids: queries.map(({ item }) => ({ item: item ?? "by vector" })),
    },
    "the message",
  );
  return queries;
}

/** What a request asked, in a few letters. */
export async function digest(text: string): Promise<string> {
  const hash = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  );
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
