/** Adapter for Qdrant's REST API: all queries in one request, by stored point id or by vector. */

import type { ItemId } from "../../item.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import { checkPriorField, type Engine, engineRetriever, priorIdentity } from "../engine.js";
import {
  type Condition,
  checkFilter,
  type Filter,
  narrowFilter,
  RANGE_OPERATORS,
} from "../filter.js";
import {
  type HttpOptions,
  type HttpRequest,
  httpSender,
  joinUrl,
  outboundOf,
  postJson,
} from "../http.js";
import { readField, readId, readList, readNumber, readPrior, readVector } from "../reply.js";
import { roundedUnitVector } from "../vectors.js";

/** Options of {@link qdrant}. */
export interface QdrantOptions extends HttpOptions {
  /** Base URL of the server. */
  url: string | URL;
  /** Name of the collection. */
  collection: string;
  /** API key, sent as a header. */
  apiKey?: string;
  /** Name of the vector, for points with named vectors. Default: the unnamed vector. */
  vectorName?: string;
  /**
   * Payload field with the item id. Default: the point id, which is an unsigned integer or a UUID;
   * other item ids count as not stored. With `idField`, queries by id need a vector lookup.
   */
  idField?: string;
  /**
   * Payload field with the prior of an item, a number of at least 0. Default: hits have no prior.
   */
  priorField?: string;
  /** Restricts the hits. Default: no restriction. */
  filter?: Filter;
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /** Name of the vector space of the stored vectors. Default: none, which fits every space. */
  space?: string;
}

const OPTIONS = {
  http: true,
  required: ["collection"],
  texts: ["apiKey", "vectorName", "idField", "priorField"],
};
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * A retriever for a Qdrant collection, with distance Cosine, or Dot for unit vectors.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function qdrant(options: QdrantOptions): RemoteRetriever {
  checkEngineOptions("qdrant", options, OPTIONS);
  const { url, collection, apiKey, vectorName, idField, dim } = options;
  const condition = checkFilter("qdrant", options.filter);
  const filter = condition && { must: [toQdrantCondition(condition)] };
  const headers: Record<string, string> = apiKey === undefined ? {} : { "api-key": apiKey };
  const pointsUrl = (...path: string[]): string =>
    joinUrl(url, "collections", collection, "points", ...path);
  const priorField = checkPriorField("qdrant", options.priorField);
  const payloadFields = [idField, priorField].filter((field) => field !== undefined);
  const withPayload = payloadFields.length > 0 && payloadFields;
  const itemOf = (point: unknown): ItemId =>
    readId(
      idField === undefined
        ? readField(point, "id")
        : readField(readField(point, "payload"), idField),
    );

  const engine: Engine<HttpRequest> = {
    name: "qdrant",
    identity: JSON.stringify([
      "qdrant",
      String(url),
      collection,
      vectorName,
      idField,
      condition,
      ...priorIdentity(priorField),
    ]),
    capabilities: {
      byId: idField === undefined ? "native" : "lookup",
      batch: true,
      maxK: 10_000,
      idKind: idField === undefined ? "integer or uuid" : "string",
      filter: "full",
    },
    dim,
    space: options.space,
    acceptsId: (item) => idField !== undefined || pointId(item) !== undefined,
    search: (queries) => [
      {
        queries,
        request: postJson(
          pointsUrl("query", "batch"),
          {
            searches: queries.map((query) => ({
              query: query.vector ? roundedUnitVector(query.vector) : pointId(query.id!),
              limit: query.count,
              with_payload: withPayload,
              ...(vectorName === undefined ? {} : { using: vectorName }),
              ...(filter === undefined ? {} : { filter }),
            })),
          },
          headers,
        ),
        read: (reply) =>
          readList(readField(reply, "result"), "results").map((result) =>
            readList(readField(result, "points"), "points").map((point) => ({
              item: itemOf(point),
              score: readNumber(readField(point, "score"), "a score"),
              ...readPrior(readField(point, "payload"), priorField),
            })),
          ),
      },
    ],
    lookUp: (items) => ({
      request:
        idField === undefined
          ? postJson(
              pointsUrl(),
              { ids: items.map(pointId), with_payload: false, with_vector: true },
              headers,
            )
          : postJson(
              pointsUrl("scroll"),
              {
                filter: { must: [{ key: idField, match: { any: items } }] },
                limit: items.length,
                with_payload: [idField],
                with_vector: true,
              },
              headers,
            ),
      read: (reply) => {
        const result = readField(reply, "result");
        const foundPoints = readList(
          idField === undefined ? result : readField(result, "points"),
          "points",
        );
        const vectors = new Map(
          foundPoints.map((point) => [
            itemOf(point),
            readNamedVector(readField(point, "vector"), vectorName),
          ]),
        );
        return items.map((item) => vectors.get(canonicalId(item)));
      },
    }),
    send: httpSender("qdrant", options),
    show: outboundOf,
  };
  return engineRetriever(engine, narrowFilter(qdrant, options));
}

/** The item's point id: a safe integer or a UUID; undefined for any other id. */
function pointId(item: ItemId): number | string | undefined {
  if (/^(0|[1-9]\d*)$/.test(item) && Number.isSafeInteger(Number(item))) return Number(item);
  return UUID.test(item) ? item : undefined;
}

function canonicalId(item: ItemId): ItemId {
  return UUID.test(item) ? item.toLowerCase() : item;
}

function readNamedVector(value: unknown, name: string | undefined): Float32Array | undefined {
  return readVector(name === undefined ? value : readField(value, name));
}

function toQdrantCondition(condition: Condition): Record<string, unknown> {
  if (condition.kind === "all") return { must: condition.parts.map(toQdrantCondition) };
  if (condition.kind === "any") return { should: condition.parts.map(toQdrantCondition) };
  const { field: key } = condition;
  if (condition.kind === "compare") {
    return { key, range: { [RANGE_OPERATORS[condition.sign]]: condition.value } };
  }
  // `match` supports strings, integers and booleans; other numbers need a range.
  const matches = condition.values.map((value) =>
    typeof value === "number" && !Number.isSafeInteger(value)
      ? { key, range: { gte: value, lte: value } }
      : { key, match: { value } },
  );
  if (condition.negated) return { must_not: matches };
  return matches.length === 1 ? matches[0]! : { should: matches };
}
