/**
 * An endpoint of one's own: the medoids go out as one compact message (POST, application/cbor), and the answers come back as JSON:
 * `{ "answers": [{ "status": "ok", "hits": [{ "item": "...", "score": 0.9 }] } | { "status": "not-found" } | { "status": "error", "reason": "..." }] }`.
 * The Worker in edge/ speaks this.
 */
import { checkAbort, checkKeys, inspect } from "../../check.js";
import { init } from "../../core/glue.js";
import { isSageError, SageError } from "../../errors.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { answerOf, assemble, checkQueries, type EngineReply, unexpected } from "../engine.js";
import { RetrievalError } from "../failure.js";
import {
  HTTP_OPTIONS,
  type HttpOptions,
  type HttpRequest,
  httpSender,
  showRequest,
} from "../http.js";
import { field, id, list, number, text } from "../reply.js";
import { encodeMedoids, type WirePrecision } from "../wire.js";

/** Where the endpoint is, and what it is sent. */
export interface HttpRetrieverOptions extends HttpOptions {
  url: string | URL;
  /** "ids" is the least: a few bytes a medoid. Default: "ids" where every query has one, else "vectors". */
  send?: "ids" | "vectors" | "both";
  /** Default: "f16". */
  precision?: WirePrecision;
  /** A bearer token, or where to get one; asked before every request. */
  token?: string | (() => string | Promise<string>);
  dim?: number;
}

const NAME = "httpRetriever";
const MOST_HITS = 200;

/** Asks an endpoint of one's own. `preview()` needs the wasm, as every message does: it is there once `openSage` or `init` has resolved. */
export function httpRetriever(options: HttpRetrieverOptions): RemoteRetriever {
  checkKeys(NAME, options, ["url", "send", "precision", "token", "dim", ...HTTP_OPTIONS]);
  const { url, send, precision = "f16", token, dim } = options;
  if (send !== undefined && !["ids", "vectors", "both"].includes(send)) {
    throw new SageError(
      "option",
      `${NAME}: send: expected "ids", "vectors" or "both", saw ${inspect(send)}.`,
    );
  }
  const post = httpSender(NAME, options);
  const requestFor = (queries: readonly RemoteQuery[]): HttpRequest => {
    const usual = queries.every(({ item }) => item !== undefined) ? "ids" : "vectors";
    const capped = queries.map((query) => ({ ...query, count: Math.min(query.count, MOST_HITS) }));
    return {
      method: "POST",
      url: String(url),
      headers: { "content-type": "application/cbor" },
      body: encodeMedoids(capped, { precision, send: send ?? usual }),
    };
  };

  const ask = async (queries: readonly RemoteQuery[], signal?: AbortSignal): Promise<Answer[]> => {
    checkQueries(NAME, queries, dim);
    checkAbort(signal);
    if (queries.length === 0) return [];
    await init();
    const request = requestFor(queries);
    try {
      const key = typeof token === "function" ? await obtain(token) : token;
      const headers: Record<string, string> =
        key === undefined
          ? request.headers
          : { ...request.headers, authorization: `Bearer ${key}` };
      const answers = readAnswers(await post({ ...request, headers }, signal));
      if (answers.length !== queries.length)
        throw unexpected(NAME, `${answers.length} answers to ${queries.length} queries`);
      return answers.map((said, place) => answerOf(NAME, queries[place]!, said));
    } catch (error) {
      checkAbort(signal);
      const failure = isSageError(error) ? error : unexpected(NAME, String(error), error);
      return queries.map(() => ({ status: "error", error: failure }));
    }
  };

  return assemble({
    engine: NAME,
    identity: JSON.stringify(["http", String(url)]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: MOST_HITS,
      idKind: "string",
      filter: "none",
    },
    ask,
    vectors: () =>
      Promise.reject(
        new SageError(
          "unknown-item",
          `${NAME}: the endpoint gives no vectors: pass { item, vector }.`,
        ),
      ),
    outbound: (queries) => {
      const vectors = send === "vectors" || send === "both" ? " and vectors" : "";
      const says = `${queries.length} medoids: ids of items of the history${vectors}. No weights, no times, no user id in the message.`;
      return queries.length === 0 ? [] : [{ ...showRequest(requestFor(queries)), says }];
    },
  });
}

async function obtain(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (cause) {
    throw new RetrievalError(
      "refused",
      `${NAME}: there was no token to be had (${text(cause instanceof Error ? cause.message : cause)}).`,
      { cause },
    );
  }
}

function readAnswers(reply: unknown): EngineReply[] {
  return list(field(reply, "answers"), "answers").map((answer): EngineReply => {
    const status = field(answer, "status");
    if (status === "not-found") return "not-found";
    if (status === "error")
      return new RetrievalError(
        "status",
        `The endpoint could not answer: ${text(field(answer, "reason"))}.`,
        { status: 502 },
      );
    return list(field(answer, "hits"), "hits").map((hit) => ({
      item: id(field(hit, "item")),
      score: number(field(hit, "score"), "a score"),
    }));
  });
}
