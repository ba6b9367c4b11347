/**
 * Adapter for Cloudflare Vectorize through a Worker binding: one call per query, by id or vector.
 */

import { isSageError, SageError } from "../../errors.js";
import { unlessAborted } from "../../values/abort.js";
import { utf8Length } from "../../values/bytes.js";
import { checkMethods } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import {
  checkPriorField,
  type Engine,
  type EngineReply,
  engineRetriever,
  priorIdentity,
} from "../engine.js";
import { beginningOf, RetrievalError } from "../failure.js";
import {
  type Condition,
  checkFilter,
  type Filter,
  type FilterValue,
  narrowFilter,
  toMongoFilter,
} from "../filter.js";
import { readField, readId, readList, readNumber, readPrior, readVector } from "../reply.js";

/** Vectorize's filter: conditions on fields, joined by `and`. */
export type VectorizeFilter = Record<
  string,
  | Partial<Record<"$eq" | "$ne" | "$lt" | "$lte" | "$gt" | "$gte", FilterValue>>
  | Partial<Record<"$in" | "$nin", FilterValue[]>>
>;

/** Options of a query. `returnMetadata`: the fields with a metadata index. */
export interface VectorizeQueryOptions {
  topK: number;
  filter?: VectorizeFilter;
  returnMetadata?: "indexed";
}

/** The methods used of a Vectorize binding. The metric of its index must be cosine. */
export interface VectorizeBinding {
  query(vector: number[], options: VectorizeQueryOptions): Promise<unknown>;
  queryById(id: string, options: VectorizeQueryOptions): Promise<unknown>;
  getByIds(ids: string[]): Promise<unknown>;
}

/** Options of {@link vectorize}. */
export interface VectorizeOptions {
  /** The binding. */
  index: VectorizeBinding;
  /** Name of the index, in the keys of cached answers. */
  name: string;
  /**
   * Metadata field with the prior of an item, a number of at least 0; the index needs a metadata
   * index on it. Default: hits have no prior.
   */
  priorField?: string;
  /** Restricts the hits. `any` is rejected: Vectorize has only `and`. Default: no restriction. */
  filter?: Filter;
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /** Name of the vector space of the stored vectors. Default: none, which fits every space. */
  space?: string;
}

type BindingCall = { ids: string[] } | (VectorizeQueryOptions & { id?: string; vector?: number[] });

/** Maximum number of ids in one call of `getByIds`. */
const MAX_IDS_PER_LOOKUP = 20;

/**
 * A retriever for a Vectorize index.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function vectorize(options: VectorizeOptions): RemoteRetriever {
  checkEngineOptions("vectorize", options, {
    required: ["name"],
    texts: ["priorField"],
    others: ["index"],
  });
  const { index, name, dim } = options;
  checkMethods("vectorize: index", index, ["query", "queryById", "getByIds"]);
  const priorField = checkPriorField("vectorize", options.priorField);
  const condition = checkFilter("vectorize", options.filter);
  const filter = condition && joinByAnd(condition);

  const engine: Engine<BindingCall[]> = {
    name: "vectorize",
    identity: JSON.stringify(["vectorize", name, condition, ...priorIdentity(priorField)]),
    capabilities: { byId: "native", batch: false, maxK: 100, idKind: "string", filter: "full" },
    dim,
    space: options.space,
    acceptsId: (item) => utf8Length(item) <= 64,
    search: (queries) => [
      {
        queries,
        request: queries.map((query) => ({
          topK: query.count,
          ...(query.vector ? { vector: Array.from(query.vector) } : { id: query.id }),
          ...(filter ? { filter } : {}),
          ...(priorField === undefined ? {} : { returnMetadata: "indexed" as const }),
        })),
        read: (replies) =>
          readList(replies, "replies").map((reply, index) =>
            parseMatches(reply, queries[index]!.id !== undefined, priorField),
          ),
      },
    ],
    lookUp: (items) => ({
      request: Array.from({ length: Math.ceil(items.length / MAX_IDS_PER_LOOKUP) }, (_, batch) => ({
        ids: items.slice(batch * MAX_IDS_PER_LOOKUP, (batch + 1) * MAX_IDS_PER_LOOKUP),
      })),
      read: (replies) => {
        const vectors = readList(replies, "replies").flatMap((reply) => {
          if (reply instanceof Error) throw reply;
          return readList(reply, "vectors");
        });
        const vectorByItem = new Map(
          vectors.map((record) => [
            readId(readField(record, "id")),
            toVector(readField(record, "values")),
          ]),
        );
        return items.map((item) => vectorByItem.get(item));
      },
    }),
    send: async (calls, signal) => {
      const runCall = (call: BindingCall): Promise<unknown> => {
        if ("ids" in call) return index.getByIds(call.ids);
        const { id: item, vector: queryVector, ...queryOptions } = call;
        return item === undefined
          ? index.query(queryVector!, queryOptions)
          : index.queryById(item, queryOptions);
      };
      const outcomes = await unlessAborted(
        Promise.allSettled(calls.map(async (call) => runCall(call))),
        signal,
      );
      return outcomes.map((outcome) =>
        outcome.status === "fulfilled" ? outcome.value : toError(outcome.reason),
      );
    },
    show: (calls) => ({ to: "vectorize", bytes: new TextEncoder().encode(JSON.stringify(calls)) }),
  };
  return engineRetriever(engine, narrowFilter(vectorize, options));
}

function parseMatches(reply: unknown, byId: boolean, priorField: string | undefined): EngineReply {
  if (reply instanceof RetrievalError && byId && reply.reason === "not-found") return "not-found";
  if (isSageError(reply)) return reply;
  const matches = readList(readField(reply, "matches"), "matches");
  if (matches.length === 0 && byId) return "not-found";
  return matches.map((match) => ({
    item: readId(readField(match, "id")),
    score: readNumber(readField(match, "score"), "a score"),
    ...readPrior(readField(match, "metadata"), priorField),
  }));
}

function toError(reason: unknown): SageError {
  const message = reason instanceof Error ? reason.message : String(reason);
  return new RetrievalError(
    /not found/i.test(message) ? "not-found" : "network",
    `vectorize failed: ${beginningOf(message)}.`,
    { cause: reason },
  );
}

function toVector(queryVector: unknown): Float32Array | undefined {
  return readVector(
    queryVector instanceof Float32Array || queryVector instanceof Float64Array
      ? [...queryVector]
      : queryVector,
  );
}

/** Compile to Vectorize's filter: one object with a key per field. */
function joinByAnd(condition: Condition): VectorizeFilter {
  if (condition.kind === "any")
    throw new SageError(
      "option",
      "vectorize: filter: `any` (and `not` of `all`) is not supported: query each branch.",
    );
  if (condition.kind !== "all") return toMongoFilter(condition) as VectorizeFilter;
  return condition.parts.map(joinByAnd).reduce<VectorizeFilter>((merged, partFilter) => {
    for (const [key, tests] of Object.entries(partFilter))
      merged[key] = { ...merged[key], ...tests };
    return merged;
  }, {});
}
