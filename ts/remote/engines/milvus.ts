/**
 * Milvus and Zilliz Cloud over REST: version 2 with all queries in one request, version 1 (Milvus 2.3) with one request each. By stored id from
 * Milvus 2.6.9 on, which `byId: true` says; else by vector. An error comes as HTTP 200 with a `code`.
 */
import { checkKeys, inspect } from "../../check.js";
import { SageError } from "../../errors.js";
import type { ItemId } from "../../item.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, type Exchange, retrieverOf } from "../engine.js";
import { RetrievalError } from "../failure.js";
import { type Condition, checkFilter, type Filter, type Syntax, toExpression } from "../filter.js";
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

/** Where the collection is. Its metric is COSINE, or IP with vectors of unit length. */
export interface MilvusOptions extends HttpOptions {
  url: string | URL;
  collection: string;
  /** "user:password", or the key of Zilliz Cloud. */
  token?: string;
  database?: string;
  /** The REST API's version. Default: 2. */
  version?: 1 | 2;
  /** Whether the server can search by stored ids (Milvus 2.6.9). Default: false. */
  byId?: boolean;
  /** The primary key. Default: "id". */
  idField?: string;
  /** The type of the primary key. Default: "varchar". */
  idType?: "varchar" | "int64";
  /** Default: "vector". */
  vectorField?: string;
  /** Version 2 only: version 1 has no parameters. */
  filter?: Filter;
  dim?: number;
}

const OPTIONS = [
  ...[
    "url",
    "collection",
    "token",
    "database",
    "version",
    "byId",
    "idField",
    "idType",
    "vectorField",
    "filter",
    "dim",
  ],
  ...HTTP_OPTIONS,
];
/** The server puts ids into an expression of its own to get rows by them: an id that could end a text there is not asked for. */
const HARMLESS = /^[^"'\\\u0000-\u001f\u007f]{1,65535}$/;
const INT64 = /^-?(0|[1-9]\d{0,17})$/;

/** Asks a Milvus collection. */
export function milvus(options: MilvusOptions): RemoteRetriever {
  checkKeys("milvus", options, OPTIONS);
  const {
    url,
    collection,
    token,
    database,
    version = 2,
    idField = "id",
    idType = "varchar",
    vectorField = "vector",
    dim,
  } = options;
  if (version !== 1 && version !== 2)
    throw new SageError("option", `milvus: version: expected 1 or 2, saw ${inspect(version)}.`);
  if (idType !== "varchar" && idType !== "int64")
    throw new SageError(
      "option",
      `milvus: idType: expected "varchar" or "int64", saw ${inspect(idType)}.`,
    );
  if (version === 1 && (options.filter || options.byId)) {
    throw new SageError(
      "option",
      "milvus: filter and byId need version 2 of the REST API: version 1 has neither parameters nor ids.",
    );
  }
  const condition = options.filter && checkFilter("milvus", options.filter);
  const headers: Record<string, string> = {
    // Whole numbers beyond 2^53 are not exact in JSON: as texts they are.
    "accept-type-allow-int64": "false",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const place = {
    ...(database === undefined ? {} : { dbName: database }),
    collectionName: collection,
  };
  const key = (item: ItemId): unknown =>
    idType === "int64" && Number.isSafeInteger(Number(item)) ? Number(item) : item;
  const post = (verb: string, body: object): HttpRequest =>
    postJson(
      below(
        url,
        ...(version === 2 ? ["v2", "vectordb", "entities", verb] : ["v1", "vector", verb]),
      ),
      { ...place, ...body },
      headers,
    );
  const hit = (row: unknown): { item: ItemId; score: number } => ({
    item: id(field(row, idField)),
    score: number(field(row, "distance"), "a distance"),
  });

  const search2 = (queries: Exchange<HttpRequest>["queries"]): Exchange<HttpRequest>[] => {
    // By id and by vector are two forms of request, with one count each.
    const groups = [
      queries.filter(({ id: known }) => known !== undefined),
      queries.filter((query) => query.vector),
    ].filter(({ length }) => length > 0);
    return groups.map((group) => ({
      queries: group,
      request: post("search", {
        ...(group[0]!.vector
          ? { data: group.map((query) => shortNumbers(query.vector!)) }
          : { ids: group.map((query) => key(query.id!)) }),
        annsField: vectorField,
        limit: Math.max(...group.map(({ count }) => count)),
        outputFields: [idField],
        ...(condition ? template(condition) : {}),
      }),
      read: (reply) => {
        const rows = list(data(reply), "hits");
        // `topks` says how many of the rows, which are in one list, belong to each query.
        const topks = field(reply, "topks");
        if (!Array.isArray(topks) && group.length > 1)
          throw new TypeError(
            `no "topks" with ${group.length} queries: this server is too old for a batch`,
          );
        const counts = Array.isArray(topks)
          ? topks.map((each) => number(each, "a count"))
          : [rows.length];
        let start = 0;
        return counts.map((count) => rows.slice(start, (start += count)).map(hit));
      },
    }));
  };
  const search1 = (queries: Exchange<HttpRequest>["queries"]): Exchange<HttpRequest>[] =>
    queries.map((query) => ({
      queries: [query],
      request: post("search", {
        vector: shortNumbers(query.vector!),
        limit: query.count,
        outputFields: [idField],
      }),
      read: (reply) => [list(data(reply), "hits").map(hit)],
    }));

  const send = httpSender("milvus", options);
  const engine: Engine<HttpRequest> = {
    name: "milvus",
    identity: JSON.stringify([
      "milvus",
      String(url),
      database,
      collection,
      vectorField,
      idField,
      condition,
    ]),
    capabilities: {
      byId: options.byId ? "native" : "lookup",
      batch: version === 2,
      maxK: 16_384,
      idKind: idType === "int64" ? "integer" : "string",
      filter: version === 2 ? "full" : "none",
    },
    dim,
    accepts: (item) => (idType === "int64" ? INT64 : HARMLESS).test(item),
    search: version === 2 ? search2 : search1,
    lookUp: (items) => ({
      // Version 1 does not even put the quotation marks around a text.
      request: post("get", {
        id: items.map((item) => (version === 1 && idType === "varchar" ? `"${item}"` : key(item))),
        outputFields: [idField, vectorField],
      }),
      read: (reply) => {
        const found = new Map(
          list(data(reply), "rows").map((row) => [
            id(field(row, idField)),
            vector(field(row, vectorField)),
          ]),
        );
        return items.map((item) => found.get(item));
      },
    }),
    send: async (request, signal) => checkCode(await send(request, signal)),
    show: showRequest,
  };
  return retrieverOf(engine);
}

/** The condition as a template: the text holds names of parameters, the values travel beside it. */
function template(condition: Condition): { filter: string; exprParams: Record<string, unknown> } {
  const exprParams: Record<string, unknown> = {};
  const test: Syntax["test"] = (name, sign, value) => {
    const parameter = `v${Object.keys(exprParams).length}`;
    exprParams[parameter] = value;
    return `${name} ${sign === "=" ? "==" : sign} {${parameter}}`;
  };
  const filter = toExpression(condition, { test, and: " and ", or: " or " });
  return { filter, exprParams };
}

function data(reply: unknown): unknown {
  return field(reply, "data");
}

/** HTTP 200 may carry an error: 0 (version 2) and 200 (version 1) are success. */
function checkCode(reply: unknown): unknown {
  const code = field(reply, "code");
  if (code === 0 || code === 200) return reply;
  const said = `milvus answered with the code ${text(code)}: ${text(field(reply, "message")).slice(0, 160)}.`;
  if (code === 1800 || code === 80000 || code === 401) throw new RetrievalError("refused", said);
  if (code === 100 || code === 4 || code === 1) throw new RetrievalError("not-found", said);
  if (code === 8 || code === 9 || code === 2)
    throw new RetrievalError("status", said, { status: code === 8 ? 429 : 503 });
  throw new RetrievalError("reply", said);
}
