/**
 * Adapter for Pinecone's data plane: one request per query, by stored id or by vector. The reply to
 * an unknown id has no matches.
 */

import type { ItemId } from "../../item.js";
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
import { readField, readId, readList, readNumber, readPrior, readVector } from "../reply.js";
import { roundedUnitVector } from "../vectors.js";

/** Options of {@link pinecone}. */
export interface PineconeOptions extends HttpOptions {
  /** URL of the index host: "https://items-abc123.svc.region.pinecone.io". */
  url: string | URL;
  /** API key, sent as a header. */
  apiKey: string;
  /** Default: "", the default namespace. */
  namespace?: string;
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

const API_VERSION = "2025-04";

/**
 * A retriever for a Pinecone index, with metric cosine, or dotproduct for unit vectors.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function pinecone(options: PineconeOptions): RemoteRetriever {
  checkEngineOptions("pinecone", options, {
    http: true,
    required: ["apiKey"],
    texts: ["namespace", "priorField"],
  });
  const { url, apiKey, namespace = "", dim } = options;
  const priorField = checkPriorField("pinecone", options.priorField);
  const condition = checkFilter("pinecone", options.filter);
  const headers = { "api-key": apiKey, "x-pinecone-api-version": API_VERSION };

  const engine: Engine<HttpRequest> = {
    name: "pinecone",
    identity: JSON.stringify([
      "pinecone",
      String(url),
      namespace,
      condition,
      ...priorIdentity(priorField),
    ]),
    capabilities: { byId: "native", batch: false, maxK: 10_000, idKind: "string", filter: "full" },
    dim,
    space: options.space,
    // Pinecone ids: at most 512 ASCII characters.
    acceptsId: (item) => /^[\x21-\x7e]{1,512}$/.test(item),
    search: (queries) =>
      queries.map((query) => ({
        queries: [query],
        request: postJson(
          joinUrl(url, "query"),
          {
            ...(query.vector ? { vector: roundedUnitVector(query.vector) } : { id: query.id }),
            topK: query.count,
            namespace,
            includeValues: false,
            includeMetadata: priorField !== undefined,
            ...(condition ? { filter: toMongoFilter(condition) } : {}),
          },
          headers,
        ),
        read: (reply) => {
          const matches = readList(readField(reply, "matches"), "matches");
          // A stored item matches at least itself, unless the filter excludes it. "not-found" makes
          // the caller query again by vector.
          if (matches.length === 0 && query.id !== undefined) return ["not-found"];
          return [
            matches.map((match) => ({
              item: readId(readField(match, "id")),
              score: readNumber(readField(match, "score"), "a score"),
              ...readPrior(readField(match, "metadata"), priorField),
            })),
          ];
        },
      })),
    lookUp: (items) => ({
      request: {
        method: "GET",
        url: `${joinUrl(url, "vectors", "fetch")}?${fetchParameters(items, namespace)}`,
        headers,
      },
      read: (reply) => {
        const vectorRecords = readField(reply, "vectors");
        return items.map((item) => {
          const record = Object.hasOwn(Object(vectorRecords), item)
            ? readField(vectorRecords, item)
            : undefined;
          return record === undefined ? undefined : readVector(readField(record, "values"));
        });
      },
    }),
    send: httpSender("pinecone", options),
    show: outboundOf,
  };
  return engineRetriever(engine, narrowFilter(pinecone, options));
}

function fetchParameters(items: readonly ItemId[], namespace: string): URLSearchParams {
  return new URLSearchParams([
    ...items.map((item): [string, string] => ["ids", item]),
    ["namespace", namespace],
  ]);
}
