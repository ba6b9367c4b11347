/**
 * Adapter for Elasticsearch: one `_msearch` request for all queries, approximate kNN on a
 * `dense_vector` field. Queries by stored id use `query_vector_builder.lookup` (version 9.4).
 */
import { utf8Length } from "../../values/bytes.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import { checkPriorField, type Engine, engineRetriever, priorIdentity } from "../engine.js";
import { beginningOf, RetrievalError } from "../failure.js";
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

/** Options of {@link elasticsearch}. */
export interface ElasticsearchOptions extends HttpOptions {
  /** Base URL of the server. */
  url: string | URL;
  /** Name of the index. */
  index: string;
  /** API key, sent as a header. */
  apiKey?: string;
  /** Whether the server supports queries by stored id (from Elasticsearch 9.4). Default: false. */
  byId?: boolean;
  /**
   * The `dense_vector` field, with similarity cosine, or dot_product for unit vectors. Default:
   * "embedding".
   */
  vectorField?: string;
  /**
   * Field of the documents with the prior of an item, a number of at least 0. Default: hits have no
   * prior.
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
  required: ["index"],
  texts: ["apiKey", "vectorField", "priorField"],
  flags: ["byId"],
};

/**
 * A retriever for an Elasticsearch index.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function elasticsearch(options: ElasticsearchOptions): RemoteRetriever {
  checkEngineOptions("elasticsearch", options, OPTIONS);
  const { url, index, apiKey, vectorField = "embedding", dim } = options;
  const priorField = checkPriorField("elasticsearch", options.priorField);
  const condition = checkFilter("elasticsearch", options.filter);
  const headers: Record<string, string> =
    apiKey === undefined ? {} : { authorization: `ApiKey ${apiKey}` };

  const engine: Engine<HttpRequest> = {
    name: "elasticsearch",
    identity: JSON.stringify([
      "elasticsearch",
      String(url),
      index,
      vectorField,
      condition,
      ...priorIdentity(priorField),
    ]),
    capabilities: {
      byId: options.byId ? "native" : "lookup",
      batch: true,
      maxK: 10_000,
      idKind: "string",
      filter: "full",
    },
    dim,
    space: options.space,
    // Elasticsearch limits an id (`_id`) to 512 bytes.
    acceptsId: (item) => utf8Length(item) <= 512,
    search: (queries) => {
      const lines = queries.flatMap((query) => [
        { index },
        {
          knn: {
            field: vectorField,
            ...(query.vector
              ? { query_vector: roundedUnitVector(query.vector) }
              : { query_vector_builder: { lookup: { id: query.id, index, path: vectorField } } }),
            k: query.count,
            num_candidates: Math.min(10_000, Math.max(100, query.count * 2)),
            ...(condition ? { filter: toQueryClause(condition) } : {}),
          },
          size: query.count,
          _source: priorField === undefined ? false : [priorField],
        },
      ]);
      const body = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
      return [
        {
          queries,
          request: {
            method: "POST",
            url: joinUrl(url, "_msearch"),
            headers: { "content-type": "application/x-ndjson", ...headers },
            body,
          },
          read: (reply) =>
            readList(readField(reply, "responses"), "responses").map((response, row) => {
              const error = readField(response, "error");
              if (error !== undefined)
                return searchError(response, error, queries[row]!.id !== undefined);
              return readList(readField(readField(response, "hits"), "hits"), "hits").map(
                (hit) => ({
                  item: readId(readField(hit, "_id")),
                  score: 2 * readNumber(readField(hit, "_score"), "a score") - 1,
                  ...readPrior(readField(hit, "_source"), priorField),
                }),
              );
            }),
        },
      ];
    },
    lookUp: (items) => ({
      request: postJson(
        `${joinUrl(url, index, "_mget")}?_source_includes=${encodeURIComponent(vectorField)}`,
        { ids: items },
        headers,
      ),
      read: (reply) => {
        const vectorByItem = new Map(
          readList(readField(reply, "docs"), "documents").map((doc) => [
            readId(readField(doc, "_id")),
            readField(doc, "found") === true
              ? readVector(readField(readField(doc, "_source"), vectorField))
              : undefined,
          ]),
        );
        return items.map((item) => vectorByItem.get(item));
      },
    }),
    send: httpSender("elasticsearch", options),
    show: outboundOf,
  };
  return engineRetriever(engine, narrowFilter(elasticsearch, options));
}

/** Convert the error of one search of the batch. A missing document is an unknown id. */
function searchError(
  response: unknown,
  error: unknown,
  byId: boolean,
): RetrievalError | "not-found" {
  const status = readNumber(readField(response, "status"), "a status");
  const type = textOf(readField(error, "type"));
  const reason = textOf(readField(error, "reason"));
  if (
    byId &&
    (type === "resource_not_found_exception" ||
      /lookup|document.*(missing|not found)/i.test(reason))
  ) {
    return "not-found";
  }
  const message = `elasticsearch answered ${status} (${type}): ${beginningOf(reason)}.`;
  return new RetrievalError(
    type === "index_not_found_exception" ? "not-found" : "status",
    message,
    {
      status,
    },
  );
}

function toQueryClause(condition: Condition): Record<string, unknown> {
  if (condition.kind === "all") return { bool: { filter: condition.parts.map(toQueryClause) } };
  if (condition.kind === "any")
    return { bool: { should: condition.parts.map(toQueryClause), minimum_should_match: 1 } };
  if (condition.kind === "compare") {
    return { range: { [condition.field]: { [RANGE_OPERATORS[condition.sign]]: condition.value } } };
  }
  const terms = { terms: { [condition.field]: condition.values } };
  return condition.negated ? { bool: { must_not: [terms] } } : terms;
}
