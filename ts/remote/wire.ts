/**
 * The compact binary encoding of queries for the application's own endpoint: CBOR (src/wire.rs).
 */

import { withCore } from "../core/glue.js";
import { rowOf, toMatrix } from "../core/matrix.js";
import { SageError } from "../errors.js";
import type { BytesLike } from "../item.js";
import { checkKeys, inspect, toBytes } from "../values/check.js";
import { commonSpace } from "../values/space.js";
import type { RemoteQuery } from "./answer.js";
import { checkQueries } from "./engine.js";

/**
 * Encoding of vector components: 2, 1 or 4 bytes each. Cosine error at 256 dimensions: 2e-8 for
 * "f16", 3e-5 for "int8".
 */
export type WirePrecision = "f16" | "int8" | "f32";

// Ordered as the enum in the core, which receives the index.
const PRECISIONS: readonly WirePrecision[] = ["f16", "int8", "f32"];

/**
 * Encode queries as CBOR, for an own endpoint that reads them with {@link decodeMedoids}.
 *
 * Ids are included if every query has one and `send` is not "vectors"; vectors, normalised to unit
 * length unless zero, if every query has one and `send` is not "ids". The message has one `count`,
 * the largest, and the name of their vector space, if one is given. Defaults: `precision` "f16",
 * `send` "both". O(n dim). Synchronous: `await init()` before.
 *
 * @throws SageError "option" for no queries, more than 64, a count above 10,000, more than 32,768
 * dimensions, an id above 512 bytes, or nothing to send; "dimension" or "not-finite" for vectors of
 * different lengths or spaces, or with components that are not finite.
 */
export function encodeMedoids(
  given: readonly RemoteQuery[],
  options: { precision?: WirePrecision; send?: "ids" | "vectors" | "both" } = {},
): Uint8Array<ArrayBuffer> {
  checkKeys("encodeMedoids", options, ["precision", "send"]);
  const queries = checkQueries("encodeMedoids", given, undefined);
  const space = commonSpace(queries);
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
      `encodeMedoids: expected queries that all have what to send (${inspect(send)}).`,
    );
  }
  const encoder = new TextEncoder();
  const encodedIds = ids.map((item) => encoder.encode(item));
  const idEnds = new Uint32Array(encodedIds.length);
  encodedIds.reduce((sum, id, index) => (idEnds[index] = sum + id.length), 0);
  const idBytes = new Uint8Array(idEnds.at(-1) ?? 0);
  encodedIds.forEach((id, index) => idBytes.set(id, idEnds[index]! - id.length));
  const dim = vectors[0]?.length ?? 1;
  const count = Math.max(...queries.map((query) => query.count));
  return withCore((core) =>
    core.encodeMedoids(
      count,
      idBytes,
      idEnds,
      toMatrix(vectors, dim),
      dim,
      PRECISIONS.indexOf(precision),
      space,
    ),
  ) as Uint8Array<ArrayBuffer>;
}

/**
 * Decode queries encoded by {@link encodeMedoids}. Vectors have unit length or are zero. O(n dim).
 * Synchronous: `await init()` before.
 *
 * @throws SageError "corrupt" for bytes of another shape, "version" for a newer format, "option" if
 * a limit of {@link encodeMedoids} is exceeded.
 */
export function decodeMedoids(message: BytesLike): RemoteQuery[] {
  const bytes = toBytes(message);
  if (!bytes)
    throw new SageError("option", `decodeMedoids: expected a Uint8Array, saw ${inspect(message)}.`);
  const { count, ids, vectors, dim, space } = withCore((core) => core.decodeMedoids(bytes));
  const rows = Math.max(ids.length, vectors.length / dim);
  return Array.from({ length: rows }, (_, row) => ({
    ...(ids.length > 0 ? { item: ids[row]! } : {}),
    ...(vectors.length > 0 ? { vector: rowOf(vectors, dim, row) } : {}),
    count,
    ...(space !== undefined && { space }),
  }));
}
