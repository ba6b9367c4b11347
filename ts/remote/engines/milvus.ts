/**
 * Adapter for Milvus and Zilliz Cloud over REST. API version 2 sends all queries in one request,
 * version 1 (Milvus 2.3) one request per query. Errors are HTTP 200 with a `code`.
 */

import { SageError } from "../../errors.js";
import type { ItemId } from "../../item.js";
import type { Hit } from "../../retriever.js";
import { checkChoice, unexpected } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import {
  checkPriorField,
  type Engine,
  type Exchange,
  engineRetriever,
  priorIdentity,
} from "../engine.js";
import { beginningOf, RetrievalError } from "../failure.js";
import {
  type Condition,
  checkFilter,
  type ExpressionSyntax,
  type Filter,
  narrowFilter,
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
  readWhole,
  textOf,
} from "../reply.js";
import { roundedUnitVector } from "../vectors.js";

/** Options of {@link milvus}. */
export interface MilvusOptions extends HttpOptions {
  /** Base URL of the server. */
  url: string | URL;
  /** Name of the collection. */
  collection: string;
  /** "user:password", or an API key of Zilliz Cloud. */
  token?: string;
  /** Default: the server's default database. */
  database?: string;
  /** Version of the REST API. Default: 2. */
  version?: 1 | 2;
  /** Whether the server supports queries by stored id (from Milvus 2.6.9). Default: false. */
  byId?: boolean;
  /** Name of the primary key. Default: "id". */
  idField?: string;
  /** Type of the primary key. Default: "varchar". */
  idType?: "varchar" | "int64";
  /** The vector field, with metric COSINE, or IP for unit vectors. Default: "vector". */
  vectorField?: string;
  /** Field with the prior of an item, a number of at least 0. Default: hits have no prior. */
  priorField?: string;
  /** Restricts the hits. API version 2 only: version 1 has no parameters. */
  filter?: Filter;
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /** Name of the vector space of the stored vectors. Default: none, which fits every space. */
  space?: string;
}

const OPTIONS = {
  http: true,
  required: ["collection"],
  texts: ["token", "database", "idField", "vectorField", "priorField"],
  flags: ["byId"],
  others: ["version", "idType"],
};
/** Milvus inserts ids into an expression: ids that could end a string literal are rejected. */
const SAFE_STRING_ID = /^[^"'\\\u0000-\u001f\u007f]{1,65535}$/;
const INT64_ID = /^-?(0|[1-9]\d{0,17})$/;

/**
 * A retriever for a Milvus collection.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function milvus(options: MilvusOptions): RemoteRetriever {
  checkEngineOptions("milvus", options, OPTIONS);
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
  if (version !== 1 && version !== 2) throw unexpected("milvus: version", "1 or 2", version);
  checkChoice("milvus: idType", idType, ["varchar", "int64"]);
  if (version === 1 && (options.filter || options.byId)) {
    throw new SageError("option", "milvus: filter and byId need version 2 of the REST API.");
  }
  const priorField = checkPriorField("milvus", options.priorField);
  const outputFields = priorField === undefined ? [idField] : [idField, priorField];
  const condition = checkFilter("milvus", options.filter);
  const headers: Record<string, string> = {
    // int64 ids as strings: integers beyond 2^53 are not exact in JSON.
    "accept-type-allow-int64": "false",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const collectionRef = {
    ...(database === undefined ? {} : { dbName: database }),
    collectionName: collection,
  };
  const primaryKey = (item: ItemId): unknown =>
    idType === "int64" && Number.isSafeInteger(Number(item)) ? Number(item) : item;
  const postTo = (verb: string, body: object): HttpRequest =>
    postJson(
      joinUrl(
        url,
        ...(version === 2 ? ["v2", "vectordb", "entities", verb] : ["v1", "vector", verb]),
      ),
      { ...collectionRef, ...body },
      headers,
    );
  const toHit = (row: unknown): Hit => ({
    item: readId(readField(row, idField)),
    score: readNumber(readField(row, "distance"), "a distance"),
    ...readPrior(row, priorField),
  });

  const searchV2 = (queries: Exchange<HttpRequest>["queries"]): Exchange<HttpRequest>[] => {
    // One request has either ids or vectors, and one limit for all its queries.
    const groups = [
      queries.filter(({ id: storedId }) => storedId !== undefined),
      queries.filter((query) => query.vector),
    ].filter(({ length }) => length > 0);
    return groups.map((group) => ({
      queries: group,
      request: postTo("search", {
        ...(group[0]!.vector
          ? { data: group.map((query) => roundedUnitVector(query.vector!)) }
          : { ids: group.map((query) => primaryKey(query.id!)) }),
        annsField: vectorField,
        limit: Math.max(...group.map(({ count }) => count)),
        outputFields,
        ...(condition ? toTemplate(condition) : {}),
      }),
      read: (reply) => rowsByQuery(reply, group.length).map((rows) => rows.map(toHit)),
    }));
  };
  const searchV1 = (queries: Exchange<HttpRequest>["queries"]): Exchange<HttpRequest>[] =>
    queries.map((query) => ({
      queries: [query],
      request: postTo("search", {
        vector: roundedUnitVector(query.vector!),
        limit: query.count,
        outputFields,
      }),
      read: (reply) => [readList(dataOf(reply), "hits").map(toHit)],
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
      ...priorIdentity(priorField),
    ]),
    capabilities: {
      byId: options.byId ? "native" : "lookup",
      batch: version === 2,
      maxK: 16_384,
      idKind: idType === "int64" ? "integer" : "string",
      filter: version === 2 ? "full" : "none",
    },
    dim,
    space: options.space,
    acceptsId: (item) => (idType === "int64" ? INT64_ID : SAFE_STRING_ID).test(item),
    search: version === 2 ? searchV2 : searchV1,
    lookUp: (items) => ({
      // Version 1 does not quote string ids.
      request: postTo("get", {
        id: items.map((item) =>
          version === 1 && idType === "varchar" ? `"${item}"` : primaryKey(item),
        ),
        outputFields: [idField, vectorField],
      }),
      read: (reply) => {
        const vectorByItem = new Map(
          readList(dataOf(reply), "rows").map((row) => [
            readId(readField(row, idField)),
            readVector(readField(row, vectorField)),
          ]),
        );
        return items.map((item) => vectorByItem.get(item));
      },
    }),
    send: async (request, signal) => checkCode(await send(request, signal)),
    show: outboundOf,
  };
  return engineRetriever(engine, narrowFilter(milvus, options));
}

/**
 * The rows of hits in a reply of API version 2, one list per query: the reply has them in one list,
 * and in `topks` the number for each query.
 */
function rowsByQuery(reply: unknown, queryCount: number): unknown[][] {
  const rows = readList(dataOf(reply), "hits");
  const topks = readField(reply, "topks");
  if (!Array.isArray(topks) && queryCount > 1)
    throw new TypeError(
      `no "topks" for ${queryCount} queries: this server does not support batches`,
    );
  const hitCounts = Array.isArray(topks)
    ? topks.map((topk) => readWhole(topk, "a count in topks", rows.length))
    : [rows.length];
  let end = 0;
  const lists = hitCounts.map((count) => {
    end += count;
    return rows.slice(end - count, end);
  });
  // Else hits would be those of another query.
  if (end !== rows.length) throw new TypeError(`${rows.length} hits for a sum of ${end} in topks`);
  return lists;
}

/** Compile to an expression template: parameter names in the text, values in `exprParams`. */
function toTemplate(condition: Condition): { filter: string; exprParams: Record<string, unknown> } {
  const exprParams: Record<string, unknown> = {};
  const compare: ExpressionSyntax["compare"] = (name, sign, value) => {
    const parameter = `v${Object.keys(exprParams).length}`;
    exprParams[parameter] = value;
    return `${name} ${sign === "=" ? "==" : sign} {${parameter}}`;
  };
  const filter = toExpression(condition, { compare, and: " and ", or: " or " });
  return { filter, exprParams };
}

function dataOf(reply: unknown): unknown {
  return readField(reply, "data");
}

/** Throw the error in a reply. Code 0 (version 2) and 200 (version 1) mean success. */
function checkCode(reply: unknown): unknown {
  const code = readField(reply, "code");
  if (code === 0 || code === 200) return reply;
  const reason = beginningOf(textOf(readField(reply, "message")));
  const message = `milvus answered with the code ${textOf(code)}: ${reason}.`;
  if (code === 1800 || code === 80000 || code === 401) throw new RetrievalError("refused", message);
  if (code === 100 || code === 4 || code === 1) throw new RetrievalError("not-found", message);
  if (code === 8 || code === 9 || code === 2)
    throw new RetrievalError("status", message, { status: code === 8 ? 429 : 503 });
  throw new RetrievalError("reply", message);
}
