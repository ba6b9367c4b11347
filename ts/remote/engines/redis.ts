/**
 * Adapter for Redis 8 vector sets, through any client. One VSIM command per query, sent
 * concurrently so that a client can pipeline them.
 */

import { isSageError, type SageError } from "../../errors.js";
import { unlessAborted } from "../../values/abort.js";
import { inspect, unexpected } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import {
  checkPriorField,
  type Engine,
  type EngineQuery,
  type EngineReply,
  engineRetriever,
  priorIdentity,
} from "../engine.js";
import { beginningOf, RetrievalError } from "../failure.js";
import {
  checkFilter,
  type ExpressionSyntax,
  type Filter,
  narrowFilter,
  rejectStrings,
  toExpression,
} from "../filter.js";
import { readId, readList, readNumber, readPrior, textOf } from "../reply.js";

/** Sends a command and resolves to its reply, with strings as strings or bytes. */
export type RedisExecutor = (
  command: (string | Uint8Array)[],
  signal?: AbortSignal,
) => Promise<unknown>;

/** Options of {@link redis}. */
export interface RedisOptions {
  /**
   * Sends a command. With node-redis:
   * `(command) => client.sendCommand(command.map((part) => Buffer.from(part)))`.
   */
  command: RedisExecutor;
  /** Key of the vector set. */
  key: string;
  /**
   * Attribute (VSETATTR) with the prior of an item, a number of at least 0. Needs Redis 8.2.
   * Default: hits have no prior.
   */
  priorField?: string;
  /**
   * Restricts the hits by attributes (VSETATTR). Numbers and booleans only, because the filter
   * language has no parameters. Default: no restriction.
   */
  filter?: Filter;
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /** Name of the vector space of the stored vectors. Default: none, which fits every space. */
  space?: string;
}

/**
 * A retriever for a Redis vector set.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function redis(options: RedisOptions): RemoteRetriever {
  checkEngineOptions("redis", options, { texts: ["key", "priorField"], others: ["command"] });
  const { command, key, dim } = options;
  if (typeof command !== "function")
    throw unexpected("redis: command", "a function that sends commands", command);
  if (typeof key !== "string" || key === "")
    throw unexpected("redis: key", "the key of a vector set", key);
  const priorField = checkPriorField("redis", options.priorField);
  const condition = rejectStrings("redis", checkFilter("redis", options.filter));
  const syntax: ExpressionSyntax = {
    compare: (name, sign, value) => {
      const literal = typeof value === "boolean" ? Number(value) : String(value);
      return `.${name} ${sign === "=" ? "==" : sign} ${literal}`;
    },
    and: " and ",
    or: " or ",
  };
  const filter = condition ? ["FILTER", toExpression(condition, syntax)] : [];

  const engine: Engine<(string | Uint8Array)[][]> = {
    name: "redis",
    identity: JSON.stringify(["redis", key, condition, ...priorIdentity(priorField)]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: 10_000,
      idKind: "string",
      filter: "numbers",
    },
    dim,
    space: options.space,
    search: (queries) => [
      {
        queries,
        request: queries.map((query) => [
          "VSIM",
          key,
          ...(query.vector ? ["FP32", float32Bytes(query.vector)] : ["ELE", query.id!]),
          "WITHSCORES",
          "COUNT",
          String(query.count),
          "EF",
          String(Math.max(200, query.count * 2)),
          ...filter,
          ...(priorField === undefined ? [] : ["WITHATTRIBS"]),
        ]),
        read: (replies) =>
          readList(replies, "replies").map((reply, index) =>
            readHits(reply, queries[index]!, condition !== undefined, priorField),
          ),
      },
    ],
    lookUp: (items) => ({
      request: items.map((item) => ["VEMB", key, item]),
      read: (replies) =>
        readList(replies, "replies").map((reply) => {
          if (reply instanceof Error) throw reply;
          return reply === null
            ? undefined
            : Float32Array.from(readList(reply, "numbers"), (component) =>
                readNumber(decodeText(component), "a vector component"),
              );
        }),
    }),
    // A failed command's reply is its error, so that only its query fails.
    send: async (commands, signal) => {
      const settledReplies = await unlessAborted(
        Promise.allSettled(commands.map((parts) => command(parts, signal))),
        signal,
      );
      return settledReplies.map((outcome) =>
        outcome.status === "fulfilled" ? outcome.value : toError(outcome.reason),
      );
    },
    show: (commands) => ({
      to: "redis",
      bytes: new TextEncoder().encode(
        JSON.stringify(
          commands.map((parts) =>
            parts.map((part) => (typeof part === "string" ? part : [...part])),
          ),
        ),
      ),
    }),
  };
  return engineRetriever(engine, narrowFilter(redis, options));
}

/**
 * Parse hits: ids, scores and, with `priorField`, attributes in turn (RESP2), or as pairs or a map
 * (RESP3).
 */
function readHits(
  reply: unknown,
  query: EngineQuery,
  hasFilter: boolean,
  priorField: string | undefined,
): EngineReply {
  if (reply instanceof Error) {
    return query.id !== undefined && /element not found/i.test(reply.message)
      ? "not-found"
      : toError(reply);
  }
  if (typeof reply !== "object" || reply === null || ArrayBuffer.isView(reply))
    throw new TypeError(`${inspect(reply)} instead of ids and scores`);
  // Clients give a list, a list of pairs, a Map or an object.
  const pairs = reply instanceof Map ? [...reply] : Object.entries(reply);
  const flatReply = (Array.isArray(reply) ? reply : pairs).flat(2);
  // A missing key has an empty reply; a vector set has at least one nearest element.
  if (flatReply.length === 0 && !hasFilter)
    return new RetrievalError(
      "not-found",
      "redis found nothing: the vector set does not exist or is empty.",
    );
  const partsPerHit = priorField === undefined ? 2 : 3;
  if (flatReply.length % partsPerHit !== 0)
    throw new TypeError(`${flatReply.length} values for hits of ${partsPerHit} each`);
  return Array.from({ length: flatReply.length / partsPerHit }, (_, row) => {
    const parts = flatReply.slice(row * partsPerHit, (row + 1) * partsPerHit);
    const [item, score, attributes] = parts.map(decodeText);
    return {
      item: readId(item),
      score: 2 * readNumber(score, "a score") - 1,
      ...readPrior(typeof attributes === "string" ? JSON.parse(attributes) : null, priorField),
    };
  });
}

function toError(reason: unknown): SageError {
  if (isSageError(reason)) return reason;
  const message = reason instanceof Error ? reason.message : textOf(reason);
  const failure = `redis answered: ${beginningOf(message)}.`;
  if (/^(NOAUTH|WRONGPASS|NOPERM)/.test(message))
    return new RetrievalError("refused", failure, { cause: reason });
  if (/element not found/i.test(message))
    return new RetrievalError("not-found", failure, { cause: reason });
  if (/^(ERR|WRONGTYPE)/.test(message))
    return new RetrievalError("reply", failure, { cause: reason });
  return new RetrievalError("network", failure, { cause: reason });
}

function decodeText(value: unknown): unknown {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
}

function float32Bytes(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  vector.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return bytes;
}
