/** Pinecone's data plane: one request a query, by stored id or by vector. An unknown id is answered with no matches. */
import { checkKeys } from "../../check.js";
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

/** Where the index is. Its metric is cosine, or dotproduct with vectors of unit length. */
export interface PineconeOptions extends HttpOptions {
  /** The index's own host: "https://items-abc123.svc.region.pinecone.io". */
  url: string | URL;
  apiKey: string;
  namespace?: string;
  filter?: Filter;
  dim?: number;
}

const VERSION = "2025-04";

/** Asks a Pinecone index. */
export function pinecone(options: PineconeOptions): RemoteRetriever {
  checkKeys("pinecone", options, ["url", "apiKey", "namespace", "filter", "dim", ...HTTP_OPTIONS]);
  const { url, apiKey, namespace = "", dim } = options;
  const condition = options.filter && checkFilter("pinecone", options.filter);
  const headers = { "api-key": apiKey, "x-pinecone-api-version": VERSION };

  const engine: Engine<HttpRequest> = {
    name: "pinecone",
    identity: JSON.stringify(["pinecone", String(url), namespace, condition]),
    capabilities: { byId: "native", batch: false, maxK: 10_000, idKind: "string", filter: "full" },
    dim,
    // An id is ASCII, of at most 512 characters.
    accepts: (item) => /^[\x21-\x7e]{1,512}$/.test(item),
    search: (queries) =>
      queries.map((query) => ({
        queries: [query],
        request: postJson(
          below(url, "query"),
          {
            ...(query.vector ? { vector: shortNumbers(query.vector) } : { id: query.id }),
            topK: query.count,
            namespace,
            includeValues: false,
            includeMetadata: false,
            ...(condition ? { filter: toMongo(condition) } : {}),
          },
          headers,
        ),
        read: (reply) => {
          const matches = list(field(reply, "matches"), "matches");
          // Even alone in its index an item would match itself; with a filter it may not, and asking by vector settles it.
          if (matches.length === 0 && query.id !== undefined) return ["not-found"];
          return [
            matches.map((match) => ({
              item: id(field(match, "id")),
              score: number(field(match, "score"), "a score"),
            })),
          ];
        },
      })),
    lookUp: (items) => ({
      request: {
        method: "GET",
        url: `${below(url, "vectors", "fetch")}?${new URLSearchParams([...items.map((item) => ["ids", item]), ["namespace", namespace]] as [string, string][])}`,
        headers,
      },
      read: (reply) => {
        const found = field(reply, "vectors");
        return items.map((item) => {
          const record = Object.hasOwn(Object(found), item) ? field(found, item) : undefined;
          return record === undefined ? undefined : vector(field(record, "values"));
        });
      },
    }),
    send: httpSender("pinecone", options),
    show: showRequest,
  };
  return retrieverOf(engine);
}
