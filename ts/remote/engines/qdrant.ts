/** Qdrant over REST: https://api.qdrant.tech. All queries in one request, by stored id where it can be. */
import { checkKeys } from "../../check.js";
import type { ItemId } from "../../item.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, retrieverOf } from "../engine.js";
import { type Condition, checkFilter, type Filter } from "../filter.js";
import {
  below,
  HTTP_OPTIONS,
  type HttpOptions,
  type HttpRequest,
  httpSender,
  postJson,
  showRequest,
} from "../http.js";
import { field, id, list, number, vector } from "../reply.js";
import { shortNumbers } from "../vectors.js";

/** Where the collection is. Its distance is Cosine, or Dot with vectors of unit length. */
export interface QdrantOptions extends HttpOptions {
  url: string | URL;
  collection: string;
  apiKey?: string;
  /** The name of the vector, where points have several. */
  vectorName?: string;
  /** The payload field that holds the item's id. Default: the point's own id, which Qdrant wants to be a u64 or a UUID. */
  idField?: string;
  filter?: Filter;
  dim?: number;
}

const OPTIONS = [
  "url",
  "collection",
  "apiKey",
  "vectorName",
  "idField",
  "filter",
  "dim",
  ...HTTP_OPTIONS,
];
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Asks a Qdrant collection. */
export function qdrant(options: QdrantOptions): RemoteRetriever {
  checkKeys("qdrant", options, OPTIONS);
  const { url, collection, apiKey, vectorName, idField, dim } = options;
  const condition = options.filter && checkFilter("qdrant", options.filter);
  const filter = condition && { must: [toClause(condition)] };
  const headers: Record<string, string> = apiKey === undefined ? {} : { "api-key": apiKey };
  const points = (...path: string[]): string =>
    below(url, "collections", collection, "points", ...path);
  const payload = idField === undefined ? false : [idField];
  const itemOf = (point: unknown): ItemId =>
    id(idField === undefined ? field(point, "id") : field(field(point, "payload"), idField));

  const engine: Engine<HttpRequest> = {
    name: "qdrant",
    identity: JSON.stringify(["qdrant", String(url), collection, vectorName, idField, condition]),
    capabilities: {
      byId: idField === undefined ? "native" : "lookup",
      batch: true,
      maxK: 10_000,
      idKind: idField === undefined ? "integer or uuid" : "string",
      filter: "full",
    },
    dim,
    accepts: (item) => idField !== undefined || pointId(item) !== undefined,
    search: (queries) => [
      {
        queries,
        request: postJson(
          points("query", "batch"),
          {
            searches: queries.map((query) => ({
              query: query.vector ? shortNumbers(query.vector) : pointId(query.id!),
              limit: query.count,
              with_payload: payload,
              ...(vectorName === undefined ? {} : { using: vectorName }),
              ...(filter === undefined ? {} : { filter }),
            })),
          },
          headers,
        ),
        read: (reply) =>
          list(field(reply, "result"), "results").map((result) =>
            list(field(result, "points"), "points").map((point) => ({
              item: itemOf(point),
              score: number(field(point, "score"), "a score"),
            })),
          ),
      },
    ],
    lookUp: (items) => ({
      request:
        idField === undefined
          ? postJson(
              points(),
              { ids: items.map(pointId), with_payload: false, with_vector: true },
              headers,
            )
          : postJson(
              points("scroll"),
              {
                filter: { must: [{ key: idField, match: { any: items } }] },
                limit: items.length,
                with_payload: payload,
                with_vector: true,
              },
              headers,
            ),
      read: (reply) => {
        const result = field(reply, "result");
        const found = list(idField === undefined ? result : field(result, "points"), "points");
        const vectors = new Map(
          found.map((point) => [itemOf(point), pick(field(point, "vector"), vectorName)]),
        );
        return items.map((item) => vectors.get(canonical(item)));
      },
    }),
    send: httpSender("qdrant", options),
    show: showRequest,
  };
  return retrieverOf(engine);
}

/** The id as Qdrant has it: a whole number that JSON can carry, a UUID, or undefined. */
function pointId(item: ItemId): number | string | undefined {
  if (/^(0|[1-9]\d*)$/.test(item) && Number.isSafeInteger(Number(item))) return Number(item);
  return UUID.test(item) ? item : undefined;
}

function canonical(item: ItemId): ItemId {
  return UUID.test(item) ? item.toLowerCase() : item;
}

function pick(value: unknown, name: string | undefined): Float32Array | undefined {
  return vector(name === undefined ? value : field(value, name));
}

function toClause(condition: Condition): Record<string, unknown> {
  if (condition.kind === "all") return { must: condition.parts.map(toClause) };
  if (condition.kind === "any") return { should: condition.parts.map(toClause) };
  const { field: key } = condition;
  if (condition.kind === "compare") {
    const names = { ">=": "gte", "<=": "lte", ">": "gt", "<": "lt" } as const;
    return { key, range: { [names[condition.sign]]: condition.value } };
  }
  // Qdrant matches texts, whole numbers and booleans; other numbers are ranges of one point.
  const one = condition.values.map((value) =>
    typeof value === "number" && !Number.isSafeInteger(value)
      ? { key, range: { gte: value, lte: value } }
      : { key, match: { value } },
  );
  if (condition.negated) return { must_not: one };
  return one.length === 1 ? one[0]! : { should: one };
}
