/** Compact medoids: queries in a few bytes, for an endpoint of one's own. The format (CBOR) is described in src/wire.rs. */
import { checkKeys, inspect } from "../check.js";
import { withCore } from "../core/glue.js";
import { rowOf, toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { RemoteQuery } from "./answer.js";
import { checkQueries } from "./engine.js";

/** How the numbers of a vector travel: 2, 1 or 4 bytes each. */
export type WirePrecision = "f16" | "int8" | "f32";

const PRECISIONS: readonly WirePrecision[] = ["f16", "int8", "f32"];

/**
 * Queries as compact medoids: their ids where all have one, their vectors where all have one and `send` does not say otherwise, and the
 * largest of their counts. Vectors arrive at unit length. Needs `await init()`.
 */
export function encodeMedoids(
  queries: readonly RemoteQuery[],
  options: { precision?: WirePrecision; send?: "ids" | "vectors" | "both" } = {},
): Uint8Array<ArrayBuffer> {
  checkKeys("encodeMedoids", options, ["precision", "send"]);
  checkQueries("encodeMedoids", queries, queries[0]?.vector?.length);
  const { precision = "f16", send = "both" } = options;
  if (!PRECISIONS.includes(precision)) {
    throw new SageError(
      "option",
      `encodeMedoids: precision: expected "f16", "int8" or "f32", saw ${inspect(precision)}.`,
    );
  }
  const ids =
    send === "vectors" || !queries.every(({ item }) => item !== undefined)
      ? []
      : queries.map(({ item }) => item!);
  const vectors =
    send === "ids" || !queries.every(({ vector }) => vector)
      ? []
      : queries.map(({ vector }) => vector!);
  if (ids.length + vectors.length === 0) {
    throw new SageError(
      "option",
      `encodeMedoids: no query, or not all of them have what to send (${inspect(send)}).`,
    );
  }
  const encoder = new TextEncoder();
  const texts = ids.map((id) => encoder.encode(id));
  const ends = new Uint32Array(texts.length);
  texts.reduce((sum, text, place) => (ends[place] = sum + text.length), 0);
  const all = new Uint8Array(ends.at(-1) ?? 0);
  texts.forEach((text, place) => all.set(text, ends[place]! - text.length));
  const dim = vectors[0]?.length ?? 1;
  const count = Math.max(...queries.map((query) => query.count));
  return withCore((core) =>
    core.encodeMedoids(
      count,
      all,
      ends,
      toMatrix(vectors, dim),
      dim,
      PRECISIONS.indexOf(precision),
    ),
  ) as Uint8Array<ArrayBuffer>;
}

/** The queries in these bytes. Throws "corrupt" or "version", or "option" for more than 64 medoids and the like. Needs `await init()`. */
export function decodeMedoids(bytes: Uint8Array): RemoteQuery[] {
  if (!(bytes instanceof Uint8Array))
    throw new SageError("option", `decodeMedoids: expected a Uint8Array, saw ${inspect(bytes)}.`);
  const { count, ids, vectors, dim } = withCore((core) => core.decodeMedoids(bytes));
  const rows = Math.max(ids.length, vectors.length / dim);
  return Array.from({ length: rows }, (_, row) => ({
    ...(ids.length > 0 ? { item: ids[row]! } : {}),
    ...(vectors.length > 0 ? { vector: rowOf(vectors, dim, row) } : {}),
    count,
  }));
}
