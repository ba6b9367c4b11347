/** Redis 8 vector sets, through whatever sends commands where you are. One VSIM a query; a client that pipelines sends them together. */
import { checkKeys, inspect } from "../../check.js";
import { isSageError, SageError } from "../../errors.js";
import { unlessAborted } from "../abort.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, type EngineQuery, type EngineReply, retrieverOf } from "../engine.js";
import { RetrievalError } from "../failure.js";
import { checkFilter, type Filter, onlyNumbers, type Syntax, toExpression } from "../filter.js";
import { list, number, text } from "../reply.js";

/** Sends one command and resolves to its reply. Text comes back as text or bytes. */
export type RedisExecutor = (
  command: (string | Uint8Array)[],
  signal?: AbortSignal,
) => Promise<unknown>;

/** Which vector set, and how to reach it. */
export interface RedisOptions {
  /** For node-redis: `(command) => client.sendCommand(command.map((part) => Buffer.from(part)))`. */
  command: RedisExecutor;
  key: string;
  /** On attributes set with VSETATTR. Numbers and booleans only: the filter language has no parameters. */
  filter?: Filter;
  dim?: number;
}

/** Asks a Redis vector set. */
export function redis(options: RedisOptions): RemoteRetriever {
  checkKeys("redis", options, ["command", "key", "filter", "dim"]);
  const { command, key, dim } = options;
  if (typeof command !== "function")
    throw new SageError(
      "option",
      `redis: command: expected a function that sends commands, saw ${inspect(command)}.`,
    );
  if (typeof key !== "string" || key === "")
    throw new SageError(
      "option",
      `redis: key: expected the key of a vector set, saw ${inspect(key)}.`,
    );
  const condition = options.filter && onlyNumbers("redis", checkFilter("redis", options.filter));
  const words: Syntax = {
    test: (name, sign, value) =>
      `.${name} ${sign === "=" ? "==" : sign} ${typeof value === "boolean" ? Number(value) : String(value)}`,
    and: " and ",
    or: " or ",
  };
  const filter = condition ? ["FILTER", toExpression(condition, words)] : [];

  const engine: Engine<(string | Uint8Array)[][]> = {
    name: "redis",
    identity: JSON.stringify(["redis", key, condition]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: 10_000,
      idKind: "string",
      filter: "numbers",
    },
    dim,
    search: (queries) => [
      {
        queries,
        request: queries.map((query) => [
          ...["VSIM", key],
          ...(query.vector ? ["FP32", littleEndian(query.vector)] : ["ELE", query.id!]),
          ...[
            "WITHSCORES",
            "COUNT",
            String(query.count),
            "EF",
            String(Math.max(200, query.count * 2)),
            ...filter,
          ],
        ]),
        read: (replies) =>
          list(replies, "replies").map((reply, place) =>
            readHits(reply, queries[place]!, condition !== undefined),
          ),
      },
    ],
    lookUp: (items) => ({
      request: items.map((item) => ["VEMB", key, item]),
      read: (replies) =>
        list(replies, "replies").map((reply) => {
          if (reply instanceof Error) throw reply;
          return reply === null
            ? undefined
            : Float32Array.from(list(reply, "numbers"), (each) =>
                number(plain(each), "a number of a vector"),
              );
        }),
    }),
    // The reply of a command that failed is its error: one bad command is one bad query.
    send: async (commands, signal) => {
      const settled = await unlessAborted(
        Promise.allSettled(commands.map((each) => command(each, signal))),
        signal,
      );
      const replies = settled.map((each) =>
        each.status === "fulfilled" ? each.value : toError(each.reason),
      );
      return replies;
    },
    show: (commands) => ({
      to: "redis",
      bytes: new TextEncoder().encode(
        JSON.stringify(
          commands.map((each) => each.map((part) => (typeof part === "string" ? part : [...part]))),
        ),
      ),
    }),
  };
  return retrieverOf(engine);
}

/** Names and scores by turns (RESP2), or pairs or a map of them (RESP3). */
function readHits(reply: unknown, query: EngineQuery, filtered: boolean): EngineReply {
  if (reply instanceof Error) {
    return query.id !== undefined && /element not found/i.test(reply.message)
      ? "not-found"
      : (reply as SageError);
  }
  const flat =
    reply instanceof Map
      ? [...reply].flat()
      : Array.isArray(reply)
        ? reply.flat()
        : Object.entries(Object(reply)).flat();
  // A key that does not exist answers with nothing at all, where a vector set has at least one nearest element.
  if (flat.length === 0 && !filtered)
    return new RetrievalError(
      "not-found",
      "redis found nothing: there is no such vector set, or it is empty.",
    );
  return Array.from({ length: flat.length / 2 }, (_, row) => ({
    item: String(plain(flat[2 * row])),
    score: 2 * number(plain(flat[2 * row + 1]), "a score") - 1,
  }));
}

function toError(reason: unknown): SageError {
  if (isSageError(reason)) return reason;
  const message = reason instanceof Error ? reason.message : text(reason);
  const said = `redis answered: ${message.slice(0, 160)}.`;
  if (/^(NOAUTH|WRONGPASS|NOPERM)/.test(message))
    return new RetrievalError("refused", said, { cause: reason });
  if (/element not found/i.test(message))
    return new RetrievalError("not-found", said, { cause: reason });
  if (/^(ERR|WRONGTYPE)/.test(message)) return new RetrievalError("reply", said, { cause: reason });
  return new RetrievalError("network", said, { cause: reason });
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
}

function littleEndian(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  vector.forEach((value, place) => view.setFloat32(place * 4, value, true));
  return bytes;
}
