/**
 * Adapter for Chroma, REST API version 2. All queries in one request, by vector; stored vectors are
 * looked up for queries by id.
 */

import { unexpected } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import { checkPriorField, type Engine, engineRetriever, priorIdentity } from "../engine.js";
import { checkFilter, type Filter, narrowFilter, toMongoFilter } from "../filter.js";
import {
  type HttpOptions,
  type HttpRequest,
  httpSender,
  joinUrl,
  outboundOf,
  postJson,
} from "../http.js";
import {
  readField,
  readId,
  readList,
  readNumber,
  readParallelList,
  readPrior,
  readVector,
} from "../reply.js";
import { roundedUnitVector } from "../vectors.js";

/** Options of {@link chroma}. */
export interface ChromaOptions extends HttpOptions {
  /** Base URL of the server. */
  url: string | URL;
  /** The collection's UUID: `collection.id` in Chroma's clients. */
  collection: string;
  /** Default: "default_tenant". */
  tenant?: string;
  /** Default: "default_database". */
  database?: string;
  /** Sent as `x-chroma-token`. */
  apiKey?: string;
  /**
   * Metadata field with the prior of an item, a number of at least 0. Default: hits have no prior.
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
  texts: ["collection", "tenant", "database", "apiKey", "priorField"],
};

/**
 * A retriever for a Chroma collection, whose `hnsw:space` must be cosine.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function chroma(options: ChromaOptions): RemoteRetriever {
  checkEngineOptions("chroma", options, OPTIONS);
  const {
    url,
    collection,
    tenant = "default_tenant",
    database = "default_database",
    apiKey,
    dim,
  } = options;
  if (!/^[0-9a-f-]{36}$/i.test(collection)) {
    throw unexpected("chroma: collection", "its UUID (collection.id)", collection);
  }
  const priorField = checkPriorField("chroma", options.priorField);
  const condition = checkFilter("chroma", options.filter);
  const where = condition && toMongoFilter(condition);
  const headers: Record<string, string> = apiKey === undefined ? {} : { "x-chroma-token": apiKey };
  const urlOf = (verb: string): string =>
    joinUrl(
      url,
      "api",
      "v2",
      "tenants",
      tenant,
      "databases",
      database,
      "collections",
      collection,
      verb,
    );

  const engine: Engine<HttpRequest> = {
    name: "chroma",
    identity: JSON.stringify([
      "chroma",
      String(url),
      tenant,
      database,
      collection,
      condition,
      ...priorIdentity(priorField),
    ]),
    capabilities: { byId: "lookup", batch: true, maxK: 10_000, idKind: "string", filter: "full" },
    dim,
    space: options.space,
    // One count per request.
    search: (queries) => [
      {
        queries,
        request: postJson(
          urlOf("query"),
          {
            query_embeddings: queries.map((query) => roundedUnitVector(query.vector!)),
            n_results: Math.max(...queries.map(({ count }) => count)),
            include: priorField === undefined ? ["distances"] : ["distances", "metadatas"],
            ...(where === undefined ? {} : { where }),
          },
          headers,
        ),
        read: (reply) => {
          const ids = readList(readField(reply, "ids"), "lists of ids");
          const distances = readList(readField(reply, "distances"), "lists of distances");
          const metadatas =
            priorField === undefined
              ? undefined
              : readList(readField(reply, "metadatas"), "lists of metadata");
          return ids.map((row, query) => {
            const items = readList(row, "ids");
            const rowMetadatas =
              metadatas && readParallelList(metadatas[query], "metadata", items.length);
            const rowDistances = readParallelList(distances[query], "distances", items.length);
            return items.map((item, rank) => ({
              item: readId(item),
              score: 1 - readNumber(rowDistances[rank], "a distance"),
              ...readPrior(rowMetadatas?.[rank], priorField),
            }));
          });
        },
      },
    ],
    lookUp: (items) => ({
      request: postJson(urlOf("get"), { ids: items, include: ["embeddings"] }, headers),
      read: (reply) => {
        const ids = readList(readField(reply, "ids"), "ids");
        const field = readField(reply, "embeddings");
        const embeddings = readParallelList(field, "embeddings", ids.length);
        const vectorByItem = new Map(
          ids.map((item, row) => [readId(item), readVector(embeddings[row])]),
        );
        return items.map((item) => vectorByItem.get(item));
      },
    }),
    send: httpSender("chroma", options),
    show: outboundOf,
  };
  return engineRetriever(engine, narrowFilter(chroma, options));
}
