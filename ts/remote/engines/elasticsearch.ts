/**
 * Elasticsearch: one `_msearch` for all queries, approximate kNN on a `dense_vector` with similarity cosine (or dot_product at unit length).
 * By stored id from 9.4 on (`query_vector_builder.lookup`), which `byId: true` says; else by vector.
 */
import { checkKeys } from "../../check.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, retrieverOf } from "../engine.js";
import { RetrievalError } from "../failure.js";
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
import { field, id, list, number, text, vector } from "../reply.js";
import { shortNumbers } from "../vectors.js";

/** Where the index is. */
export interface ElasticsearchOptions extends HttpOptions {
  url: string | URL;
  index: string;
  apiKey?: string;
  /** Whether the server can look the vector up itself (Elasticsearch 9.4). Default: false. */
  byId?: boolean;
  /** Default: "embedding". */
  vectorField?: string;
  filter?: Filter;
  dim?: number;
}

const OPTIONS = ["url", "index", "apiKey", "byId", "vectorField", "filter", "dim", ...HTTP_OPTIONS];

/** Asks an Elasticsearch index. */
export function elasticsearch(options: ElasticsearchOptions): RemoteRetriever {
  checkKeys("elasticsearch", options, OPTIONS);
  const { url, index, apiKey, vectorField = "embedding", dim } = options;
  const condition = options.filter && checkFilter("elasticsearch", options.filter);
  const headers: Record<string, string> =
    apiKey === undefined ? {} : { authorization: `ApiKey ${apiKey}` };

  const engine: Engine<HttpRequest> = {
    name: "elasticsearch",
    identity: JSON.stringify(["elasticsearch", String(url), index, vectorField, condition]),
    capabilities: {
      byId: options.byId ? "native" : "lookup",
      batch: true,
      maxK: 10_000,
      idKind: "string",
      filter: "full",
    },
    dim,
    // An _id has at most 512 bytes.
    accepts: (item) => new TextEncoder().encode(item).length <= 512,
    search: (queries) => {
      const lines = queries.flatMap((query) => [
        { index },
        {
          knn: {
            field: vectorField,
            ...(query.vector
              ? { query_vector: shortNumbers(query.vector) }
              : { query_vector_builder: { lookup: { id: query.id, index, path: vectorField } } }),
            k: query.count,
            num_candidates: Math.min(10_000, Math.max(100, query.count * 2)),
            ...(condition ? { filter: toClause(condition) } : {}),
          },
          size: query.count,
          _source: false,
        },
      ]);
      const body = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
      return [
        {
          queries,
          request: {
            method: "POST",
            url: below(url, "_msearch"),
            headers: { "content-type": "application/x-ndjson", ...headers },
            body,
          },
          read: (reply) =>
            list(field(reply, "responses"), "responses").map((response, place) => {
              const error = field(response, "error");
              if (error !== undefined)
                return refusal(response, error, queries[place]!.id !== undefined);
              return list(field(field(response, "hits"), "hits"), "hits").map((hit) => ({
                item: id(field(hit, "_id")),
                score: 2 * number(field(hit, "_score"), "a score") - 1,
              }));
            }),
        },
      ];
    },
    lookUp: (items) => ({
      request: postJson(
        `${below(url, index, "_mget")}?_source_includes=${encodeURIComponent(vectorField)}`,
        { ids: items },
        headers,
      ),
      read: (reply) => {
        const found = new Map(
          list(field(reply, "docs"), "documents").map((doc) => [
            id(field(doc, "_id")),
            field(doc, "found") === true
              ? vector(field(field(doc, "_source"), vectorField))
              : undefined,
          ]),
        );
        return items.map((item) => found.get(item));
      },
    }),
    send: httpSender("elasticsearch", options),
    show: showRequest,
  };
  return retrieverOf(engine);
}

/** One search of the batch failed: a missing document is an unknown item, the rest is what its status says. */
function refusal(response: unknown, error: unknown, byId: boolean): RetrievalError | "not-found" {
  const status = number(field(response, "status"), "a status");
  const type = text(field(error, "type"));
  if (
    byId &&
    (type === "resource_not_found_exception" ||
      /lookup|document.*(missing|not found)/i.test(text(field(error, "reason"))))
  ) {
    return "not-found";
  }
  const said = `elasticsearch answered ${status} (${type}): ${text(field(error, "reason")).slice(0, 160)}.`;
  return new RetrievalError(type === "index_not_found_exception" ? "not-found" : "status", said, {
    status,
  });
}

function toClause(condition: Condition): Record<string, unknown> {
  if (condition.kind === "all") return { bool: { filter: condition.parts.map(toClause) } };
  if (condition.kind === "any")
    return { bool: { should: condition.parts.map(toClause), minimum_should_match: 1 } };
  if (condition.kind === "compare") {
    const names = { ">=": "gte", "<=": "lte", ">": "gt", "<": "lt" } as const;
    return { range: { [condition.field]: { [names[condition.sign]]: condition.value } } };
  }
  const terms = { terms: { [condition.field]: condition.values } };
  return condition.negated ? { bool: { must_not: [terms] } } : terms;
}
