/** Adapter for Typesense: one `multi_search` for all queries, by stored id or by vector. */

import { unexpected } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import { checkPriorField, type Engine, engineRetriever, priorIdentity } from "../engine.js";
import { beginningOf, RetrievalError } from "../failure.js";
import {
  checkFilter,
  type ExpressionSyntax,
  type Filter,
  narrowFilter,
  rejectStrings,
  toExpression,
} from "../filter.js";
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
  readPrior,
  readVector,
  textOf,
} from "../reply.js";
import { roundedUnitVector } from "../vectors.js";

/** Options of {@link typesense}. */
export interface TypesenseOptions extends HttpOptions {
  /** Base URL of the server. */
  url: string | URL;
  /** Name of the collection. */
  collection: string;
  /** API key, sent as a header. */
  apiKey: string;
  /** The `float[]` field of the vectors. Default: "embedding". */
  vectorField?: string;
  /**
   * Field of the documents with the prior of an item, a number of at least 0. Default: hits have no
   * prior.
   */
  priorField?: string;
  /**
   * Restricts the hits. Numbers and booleans only, because `filter_by` has no parameters. Default:
   * no restriction.
   */
  filter?: Filter;
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /** Name of the vector space of the stored vectors. Default: none, which fits every space. */
  space?: string;
}

const OPTIONS = {
  http: true,
  required: ["collection", "apiKey"],
  texts: ["vectorField", "priorField"],
};
/** Typesense parses ids inside query strings: only ids of these characters cannot be syntax. */
const SAFE_ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * A retriever for a Typesense collection. Queries for ids with characters other than letters,
 * digits, "_" and "-" are sent by vector only.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function typesense(options: TypesenseOptions): RemoteRetriever {
  checkEngineOptions("typesense", options, OPTIONS);
  const { url, collection, apiKey, vectorField = "embedding", dim } = options;
  const priorField = checkPriorField("typesense", options.priorField);
  for (const [option, name] of Object.entries({ vectorField, priorField }))
    if (name !== undefined && !/^\w{1,64}$/.test(name))
      throw unexpected(`typesense: ${option}`, "a name", name);
  const condition = rejectStrings("typesense", checkFilter("typesense", options.filter));
  const syntax: ExpressionSyntax = {
    compare: (name, sign, value) => `${name}:${sign}${String(value)}`,
    and: " && ",
    or: " || ",
  };
  const filter = condition && toExpression(condition, syntax);
  const headers = { "x-typesense-api-key": apiKey };

  const engine: Engine<HttpRequest> = {
    name: "typesense",
    identity: JSON.stringify([
      "typesense",
      String(url),
      collection,
      vectorField,
      condition,
      ...priorIdentity(priorField),
    ]),
    capabilities: { byId: "native", batch: true, maxK: 250, idKind: "string", filter: "numbers" },
    dim,
    space: options.space,
    acceptsId: (item) => SAFE_ID.test(item),
    search: (queries) => [
      {
        queries,
        request: postJson(
          joinUrl(url, "multi_search"),
          {
            searches: queries.map((query) => ({
              collection,
              q: "*",
              vector_query: `${vectorField}:(${
                query.vector
                  ? `[${roundedUnitVector(query.vector).join(",")}]`
                  : `[], id: ${query.id}`
              }, k:${query.count})`,
              per_page: query.count,
              include_fields: priorField === undefined ? "id" : `id,${priorField}`,
              ...(filter === undefined ? {} : { filter_by: filter }),
            })),
          },
          headers,
        ),
        read: (reply) =>
          readList(readField(reply, "results"), "results").map((result, index) => {
            if (readField(result, "error") !== undefined)
              return searchError(result, queries[index]!.id !== undefined);
            return readList(readField(result, "hits"), "hits").map((hit) => ({
              item: readId(readField(readField(hit, "document"), "id")),
              score: 1 - readNumber(readField(hit, "vector_distance"), "a distance"),
              ...readPrior(readField(hit, "document"), priorField),
            }));
          }),
      },
    ],
    // One search for all items: a request has at most 50. `acceptsId` makes the list of ids safe.
    lookUp: (items) => ({
      request: postJson(
        joinUrl(url, "multi_search"),
        {
          searches: [
            {
              collection,
              q: "*",
              filter_by: `id:[${items.join(",")}]`,
              per_page: items.length,
              include_fields: `id,${vectorField}`,
            },
          ],
        },
        headers,
      ),
      read: (reply) => {
        const documents = readList(readField(reply, "results"), "results").flatMap((result) => {
          if (readField(result, "error") !== undefined) throw searchError(result, false);
          return readList(readField(result, "hits"), "hits").map((hit) =>
            readField(hit, "document"),
          );
        });
        const vectorByItem = new Map(
          documents.map((document) => [
            readId(readField(document, "id")),
            readVector(readField(document, vectorField)),
          ]),
        );
        return items.map((item) => vectorByItem.get(item));
      },
    }),
    send: httpSender("typesense", options),
    show: outboundOf,
  };
  return engineRetriever(engine, narrowFilter(typesense, options));
}

/** Convert the error of one search of the batch. A missing document is an unknown id. */
function searchError(result: unknown, byId: boolean): RetrievalError | "not-found" {
  const code = readNumber(readField(result, "code"), "a code");
  const message = textOf(readField(result, "error"));
  if (byId && /document id|could not find|not find/i.test(message) && !/collection/i.test(message))
    return "not-found";
  const isRefused = code === 401 || code === 403;
  const otherReason = code === 404 ? "not-found" : "status";
  const reason = isRefused ? "refused" : otherReason;
  return new RetrievalError(reason, `typesense answered ${code}: ${beginningOf(message)}.`, {
    status: code,
  });
}
