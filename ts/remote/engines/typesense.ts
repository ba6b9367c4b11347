/** Typesense: one `multi_search` for all queries, by stored id where the id is a plain word, else by vector. */
import { checkKeys, inspect } from "../../check.js";
import { SageError } from "../../errors.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, retrieverOf } from "../engine.js";
import { RetrievalError } from "../failure.js";
import { checkFilter, type Filter, onlyNumbers, type Syntax, toExpression } from "../filter.js";
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

/** Where the collection is. */
export interface TypesenseOptions extends HttpOptions {
  url: string | URL;
  collection: string;
  apiKey: string;
  /** A `float[]` field with vectors. Default: "embedding". */
  vectorField?: string;
  /** Numbers and booleans only: `filter_by` has no parameters. */
  filter?: Filter;
  dim?: number;
}

const OPTIONS = ["url", "collection", "apiKey", "vectorField", "filter", "dim", ...HTTP_OPTIONS];
/** A vector query is a text that Typesense parses: an id goes into it only if it cannot be anything but a word. */
const WORD = /^[A-Za-z0-9_-]{1,128}$/;

/** Asks a Typesense collection. */
export function typesense(options: TypesenseOptions): RemoteRetriever {
  checkKeys("typesense", options, OPTIONS);
  const { url, collection, apiKey, vectorField = "embedding", dim } = options;
  if (!/^\w{1,64}$/.test(vectorField))
    throw new SageError(
      "option",
      `typesense: vectorField: expected a name, saw ${inspect(vectorField)}.`,
    );
  const condition =
    options.filter && onlyNumbers("typesense", checkFilter("typesense", options.filter));
  const words: Syntax = {
    test: (name, sign, value) => `${name}:${sign}${String(value)}`,
    and: " && ",
    or: " || ",
  };
  const filter = condition && toExpression(condition, words);
  const headers = { "x-typesense-api-key": apiKey };

  const engine: Engine<HttpRequest> = {
    name: "typesense",
    identity: JSON.stringify(["typesense", String(url), collection, vectorField, condition]),
    capabilities: { byId: "native", batch: true, maxK: 250, idKind: "string", filter: "numbers" },
    dim,
    accepts: (item) => WORD.test(item),
    search: (queries) => [
      {
        queries,
        request: postJson(
          below(url, "multi_search"),
          {
            searches: queries.map((query) => ({
              collection,
              q: "*",
              vector_query: query.vector
                ? `${vectorField}:([${shortNumbers(query.vector).join(",")}], k:${query.count})`
                : `${vectorField}:([], id: ${query.id}, k:${query.count})`,
              per_page: query.count,
              include_fields: "id",
              ...(filter === undefined ? {} : { filter_by: filter }),
            })),
          },
          headers,
        ),
        read: (reply) =>
          list(field(reply, "results"), "results").map((result, place) => {
            if (field(result, "error") !== undefined)
              return refusal(result, queries[place]!.id !== undefined);
            return list(field(result, "hits"), "hits").map((hit) => ({
              item: id(field(field(hit, "document"), "id")),
              score: 1 - number(field(hit, "vector_distance"), "a distance"),
            }));
          }),
      },
    ],
    // One search for all: a request has fifty searches at most. Only plain words get here (`accepts`), so the list of ids is no code.
    lookUp: (items) => ({
      request: postJson(
        below(url, "multi_search"),
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
        const documents = list(field(reply, "results"), "results").flatMap((result) => {
          if (field(result, "error") !== undefined) throw refusal(result, false);
          return list(field(result, "hits"), "hits").map((hit) => field(hit, "document"));
        });
        const found = new Map(
          documents.map((document) => [
            id(field(document, "id")),
            vector(field(document, vectorField)),
          ]),
        );
        return items.map((item) => found.get(item));
      },
    }),
    send: httpSender("typesense", options),
    show: showRequest,
  };
  return retrieverOf(engine);
}

/** One search of the batch failed. */
function refusal(result: unknown, byId: boolean): RetrievalError | "not-found" {
  const code = number(field(result, "code"), "a code");
  const message = text(field(result, "error"));
  if (byId && /document id|could not find|not find/i.test(message) && !/collection/i.test(message))
    return "not-found";
  const reason = code === 401 || code === 403 ? "refused" : code === 404 ? "not-found" : "status";
  return new RetrievalError(reason, `typesense answered ${code}: ${message.slice(0, 160)}.`, {
    status: code,
  });
}
