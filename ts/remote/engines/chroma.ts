/** Chroma over its REST API, version 2. All queries in one request, by vector: an item without one is looked up first. */
import { checkKeys, inspect } from "../../check.js";
import { SageError } from "../../errors.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, retrieverOf } from "../engine.js";
import { checkFilter, type Filter, toMongo } from "../filter.js";
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

/** Where the collection is. Its space is cosine. */
export interface ChromaOptions extends HttpOptions {
  url: string | URL;
  /** The collection's UUID: `collection.id` in Chroma's clients. */
  collection: string;
  tenant?: string;
  database?: string;
  /** Sent as `x-chroma-token`. */
  apiKey?: string;
  filter?: Filter;
  dim?: number;
}

const OPTIONS = [
  "url",
  "collection",
  "tenant",
  "database",
  "apiKey",
  "filter",
  "dim",
  ...HTTP_OPTIONS,
];

/** Asks a Chroma collection. */
export function chroma(options: ChromaOptions): RemoteRetriever {
  checkKeys("chroma", options, OPTIONS);
  const {
    url,
    collection,
    tenant = "default_tenant",
    database = "default_database",
    apiKey,
    dim,
  } = options;
  if (!/^[0-9a-f-]{36}$/i.test(collection)) {
    throw new SageError(
      "option",
      `chroma: collection: expected its UUID (collection.id in Chroma's clients), saw ${inspect(collection)}.`,
    );
  }
  const condition = options.filter && checkFilter("chroma", options.filter);
  const where = condition && toMongo(condition);
  const headers: Record<string, string> = apiKey === undefined ? {} : { "x-chroma-token": apiKey };
  const address = (verb: string): string =>
    below(
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
    identity: JSON.stringify(["chroma", String(url), tenant, database, collection, condition]),
    capabilities: { byId: "lookup", batch: true, maxK: 10_000, idKind: "string", filter: "full" },
    dim,
    // One request has one count for all.
    search: (queries) => [
      {
        queries,
        request: postJson(
          address("query"),
          {
            query_embeddings: queries.map((query) => shortNumbers(query.vector!)),
            n_results: Math.max(...queries.map(({ count }) => count)),
            include: ["distances"],
            ...(where === undefined ? {} : { where }),
          },
          headers,
        ),
        read: (reply) => {
          const ids = list(field(reply, "ids"), "lists of ids");
          const distances = list(field(reply, "distances"), "lists of distances");
          return ids.map((row, query) => {
            const far = list(distances[query], "distances");
            return list(row, "ids").map((item, rank) => ({
              item: id(item),
              score: 1 - number(far[rank], "a distance"),
            }));
          });
        },
      },
    ],
    lookUp: (items) => ({
      request: postJson(address("get"), { ids: items, include: ["embeddings"] }, headers),
      read: (reply) => {
        const embeddings = list(field(reply, "embeddings"), "embeddings");
        const found = new Map(
          list(field(reply, "ids"), "ids").map((item, row) => [id(item), vector(embeddings[row])]),
        );
        return items.map((item) => found.get(item));
      },
    }),
    send: httpSender("chroma", options),
    show: showRequest,
  };
  return retrieverOf(engine);
}
