/**
 * Adapter for an HTTP endpoint of the application, such as the Worker in edge/. One POST request
 * with all queries in the encoding of wire.ts (application/cbor). The reply is JSON, one answer per
 * query:
 *
 *     { "answers": [
 *       { "status": "ok", "hits": [{ "item": "...", "score": 0.9, "prior": 12 }] },
 *       { "status": "not-found" },
 *       { "status": "error", "reason": "..." }
 *     ] }
 */

import { init } from "../../core/glue.js";
import { isSageError, SageError } from "../../errors.js";
import { NOT_SENT } from "../../retriever.js";
import { utf8Length } from "../../values/bytes.js";
import {
  checkAbort,
  checkChoice,
  checkDim,
  checkKeys,
  checkUrl,
  unexpected,
} from "../../values/check.js";
import { MESSAGE_LIMITS } from "../../values/limits.js";
import { checkSpace } from "../../values/space.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { assembleRetriever } from "../assemble.js";
import {
  checkQueries,
  type EngineReply,
  identityIn,
  toAnswer,
  unexpectedReply,
} from "../engine.js";
import { RetrievalError } from "../failure.js";
import {
  HTTP_OPTION_NAMES,
  type HttpOptions,
  type HttpRequest,
  httpSender,
  outboundOf,
} from "../http.js";
import { readField, readId, readList, readNumber, readPrior, textOf } from "../reply.js";
import { checkPrecision, encodeMedoids, SEND_CHOICES, type WirePrecision } from "../wire.js";

/** Options of {@link httpRetriever}. */
export interface HttpRetrieverOptions extends HttpOptions {
  /** URL of the endpoint. */
  url: string | URL;
  /**
   * What is sent of each medoid. "ids" takes a few bytes each and requires that the endpoint has
   * the items. Default: "ids" if every query has an id of at most 512 bytes, else "vectors".
   */
  send?: "ids" | "vectors" | "both";
  /** Encoding of vector components. Default: "f16". */
  precision?: WirePrecision;
  /** Bearer token, or a function that returns one, called before every request. Default: none. */
  token?: string | (() => string | Promise<string>);
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /**
   * Name of the vector space of the queries, which the endpoint compares with that of its vectors.
   * Default: none.
   */
  space?: string;
}

const NAME = "httpRetriever";
/** Maximum number of hits that a query requests of the endpoint. */
const MAX_HITS = 200;
/** Medoids per request: the Worker in edge/ accepts no more. */
const MAX_MEDOIDS = 16;

/**
 * A retriever for an own endpoint. `vectors` is not supported and rejects with code "unknown-item".
 * Encoding needs the wasm: `ask` loads it, `outbound` requires that `openSage` or `init` has
 * resolved before.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function httpRetriever(options: HttpRetrieverOptions): RemoteRetriever {
  checkKeys(NAME, options, [
    "url",
    "send",
    "precision",
    "token",
    "dim",
    "space",
    ...HTTP_OPTION_NAMES,
  ]);
  const { send, precision = "f16", token, dim } = options;
  const url = checkUrl(`${NAME}: url`, options.url);
  const space = checkSpace(NAME, options);
  if (dim !== undefined) checkDim(`${NAME}: dim`, dim);
  checkPrecision(NAME, precision);
  if (token !== undefined && typeof token !== "function" && typeof token !== "string")
    throw unexpected(`${NAME}: token`, "a string or a function", token);
  if (send !== undefined) checkChoice(`${NAME}: send`, send, SEND_CHOICES);
  const sendRequest = httpSender(NAME, options);
  const fieldsToSend = (queries: readonly RemoteQuery[]): "ids" | "vectors" | "both" =>
    send ??
    (queries.every(({ item }) => item !== undefined && fitsMessage(item)) ? "ids" : "vectors");
  const requestFor = (queries: readonly RemoteQuery[]): HttpRequest => {
    const limitedQueries = queries.map((query) => ({
      ...query,
      count: Math.min(query.count, MAX_HITS),
      space: space ?? query.space,
    }));
    return {
      method: "POST",
      url: url,
      headers: { "content-type": "application/cbor" },
      body: encodeMedoids(limitedQueries, { precision, send: fieldsToSend(queries) }),
    };
  };

  const askBatch = async (
    queries: readonly RemoteQuery[],
    signal: AbortSignal | undefined,
  ): Promise<Answer[]> => {
    const request = requestFor(queries);
    try {
      const bearer = typeof token === "function" ? await resolveToken(token) : token;
      const headers: Record<string, string> =
        bearer === undefined
          ? request.headers
          : { ...request.headers, authorization: `Bearer ${bearer}` };
      const answers = parseAnswers(await sendRequest({ ...request, headers }, signal));
      if (answers.length !== queries.length)
        throw unexpectedReply(NAME, `${answers.length} answers to ${queries.length} queries`);
      return answers.map((reply, row) => toAnswer(NAME, queries[row]!, reply));
    } catch (error) {
      checkAbort(signal);
      const failure = isSageError(error) ? error : unexpectedReply(NAME, String(error), error);
      return queries.map(() => ({ status: "error", error: failure }));
    }
  };

  const ask = async (given: readonly RemoteQuery[], signal?: AbortSignal): Promise<Answer[]> => {
    const queries = checkQueries(NAME, given, dim, space);
    checkAbort(signal);
    if (queries.length === 0) return [];
    await init();
    const batches = await Promise.all(batchesOf(queries).map((batch) => askBatch(batch, signal)));
    return batches.flat();
  };

  return assembleRetriever({
    engine: NAME,
    identity: identityIn(space, JSON.stringify(["http", url])),
    space,
    capabilities: {
      byId: "native",
      batch: true,
      maxK: MAX_HITS,
      idKind: "string",
      filter: "none",
    },
    ask,
    vectors: () =>
      Promise.reject(
        new SageError(
          "unknown-item",
          `${NAME}: the endpoint has no vector lookup: pass { item, vector }.`,
        ),
      ),
    outbound: (given) =>
      batchesOf(checkQueries(NAME, given, dim, space)).map((queries) => {
        const sentFields = fieldsToSend(queries).replace("both", "ids and vectors");
        const content = `${queries.length} medoids: ${sentFields} of items of the history.`;
        const says = `${content} ${NOT_SENT} in the message.`;
        return { ...outboundOf(requestFor(queries)), says };
      }),
  });
}

async function resolveToken(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (cause) {
    const reason = textOf(cause instanceof Error ? cause.message : cause);
    throw new RetrievalError("refused", `${NAME}: getting a token failed (${reason}).`, { cause });
  }
}

function parseAnswers(reply: unknown): EngineReply[] {
  return readList(readField(reply, "answers"), "answers").map((answer): EngineReply => {
    const status = readField(answer, "status");
    if (status === "not-found") return "not-found";
    if (status === "error")
      return new RetrievalError(
        "status",
        `The endpoint failed: ${textOf(readField(answer, "reason"))}.`,
        { status: 502 },
      );
    return readList(readField(answer, "hits"), "hits").map((hit) => ({
      item: readId(readField(hit, "item")),
      score: readNumber(readField(hit, "score"), "a score"),
      ...readPrior(hit, "prior"),
    }));
  });
}

/** Whether the id fits into a message of compact medoids. */
function fitsMessage(item: string): boolean {
  return utf8Length(item) <= MESSAGE_LIMITS.maxIdBytes;
}

function batchesOf(queries: readonly RemoteQuery[]): RemoteQuery[][] {
  return Array.from({ length: Math.ceil(queries.length / MAX_MEDOIDS) }, (_, batch) =>
    queries.slice(batch * MAX_MEDOIDS, (batch + 1) * MAX_MEDOIDS),
  );
}
