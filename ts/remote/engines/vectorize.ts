/** Cloudflare Vectorize through a Worker's binding: one call a query, by stored id or by vector. */
import { checkKeys, inspect } from "../../check.js";
import { isSageError, SageError } from "../../errors.js";
import { unlessAborted } from "../abort.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, type EngineReply, retrieverOf } from "../engine.js";
import { RetrievalError } from "../failure.js";
import { type Condition, checkFilter, type Filter, type FilterValue, toMongo } from "../filter.js";
import { field, id, list, number, vector } from "../reply.js";

/** Conditions on fields, all of which hold. */
export type VectorizeFilter = Record<
  string,
  | Partial<Record<"$eq" | "$ne" | "$lt" | "$lte" | "$gt" | "$gte", FilterValue>>
  | Partial<Record<"$in" | "$nin", FilterValue[]>>
>;

/** The part of the binding that is used. Its index has the metric cosine. */
export interface VectorizeBinding {
  query(vector: number[], options: { topK: number; filter?: VectorizeFilter }): Promise<unknown>;
  queryById(id: string, options: { topK: number; filter?: VectorizeFilter }): Promise<unknown>;
  getByIds(ids: string[]): Promise<unknown>;
}

/** Which index. */
export interface VectorizeOptions {
  index: VectorizeBinding;
  /** Names the index in the keys of cached answers. */
  name: string;
  /** Vectorize joins conditions by `and` only, one a field: `any` is refused. */
  filter?: Filter;
  dim?: number;
}

type Call =
  | { ids: string[] }
  | { topK: number; filter?: VectorizeFilter; id?: string; vector?: number[] };

/** Ids that one `getByIds` takes. */
const MOST_IDS = 20;

/** Asks a Vectorize index. */
export function vectorize(options: VectorizeOptions): RemoteRetriever {
  checkKeys("vectorize", options, ["index", "name", "filter", "dim"]);
  const { index, name, dim } = options;
  if (typeof index?.queryById !== "function")
    throw new SageError(
      "option",
      `vectorize: index: expected a Vectorize binding, saw ${inspect(index)}.`,
    );
  const condition = options.filter && checkFilter("vectorize", options.filter);
  const filter = condition && joined(condition);

  const engine: Engine<Call[]> = {
    name: "vectorize",
    identity: JSON.stringify(["vectorize", name, condition]),
    capabilities: { byId: "native", batch: false, maxK: 100, idKind: "string", filter: "full" },
    dim,
    accepts: (item) => new TextEncoder().encode(item).length <= 64,
    search: (queries) => [
      {
        queries,
        request: queries.map((query) => ({
          topK: query.count,
          ...(query.vector ? { vector: Array.from(query.vector) } : { id: query.id }),
          ...(filter ? { filter } : {}),
        })),
        read: (replies) =>
          list(replies, "replies").map((reply, place) =>
            readMatches(reply, queries[place]!.id !== undefined),
          ),
      },
    ],
    lookUp: (items) => ({
      request: Array.from({ length: Math.ceil(items.length / MOST_IDS) }, (_, part) => ({
        ids: items.slice(part * MOST_IDS, (part + 1) * MOST_IDS),
      })),
      read: (replies) => {
        const vectors = list(replies, "replies").flatMap((reply) => {
          if (reply instanceof Error) throw reply;
          return list(reply, "vectors");
        });
        const found = new Map(
          vectors.map((each) => [id(field(each, "id")), values(field(each, "values"))]),
        );
        return items.map((item) => found.get(item));
      },
    }),
    send: async (calls, signal) => {
      const one = (call: Call): Promise<unknown> => {
        if ("ids" in call) return index.getByIds(call.ids);
        const { topK, filter: only, id: item, vector: given } = call;
        const how = { topK, ...(only ? { filter: only } : {}) };
        return item === undefined ? index.query(given!, how) : index.queryById(item, how);
      };
      const settled = await unlessAborted(
        Promise.allSettled(calls.map(async (call) => one(call))),
        signal,
      );
      return settled.map((each) =>
        each.status === "fulfilled" ? each.value : toError(each.reason),
      );
    },
    show: (calls) => ({ to: "vectorize", bytes: new TextEncoder().encode(JSON.stringify(calls)) }),
  };
  return retrieverOf(engine);
}

function readMatches(reply: unknown, byId: boolean): EngineReply {
  if (reply instanceof RetrievalError && byId && reply.reason === "not-found") return "not-found";
  if (isSageError(reply)) return reply;
  const matches = list(field(reply, "matches"), "matches");
  if (matches.length === 0 && byId) return "not-found";
  return matches.map((match) => ({
    item: id(field(match, "id")),
    score: number(field(match, "score"), "a score"),
  }));
}

function toError(reason: unknown): SageError {
  const message = reason instanceof Error ? reason.message : String(reason);
  return new RetrievalError(
    /not found/i.test(message) ? "not-found" : "network",
    `vectorize failed: ${message.slice(0, 160)}.`,
    { cause: reason },
  );
}

function values(given: unknown): Float32Array | undefined {
  return vector(
    given instanceof Float32Array || given instanceof Float64Array ? [...given] : given,
  );
}

/** Conditions joined by `and`, which Vectorize writes as one object with a key a field. */
function joined(condition: Condition): VectorizeFilter {
  if (condition.kind === "any")
    throw new SageError(
      "option",
      "vectorize: filter: it has no `any` (nor `not` of `all`): ask once for each branch.",
    );
  if (condition.kind !== "all") return toMongo(condition) as VectorizeFilter;
  return condition.parts.map(joined).reduce<VectorizeFilter>((sum, part) => {
    for (const [key, tests] of Object.entries(part)) sum[key] = { ...sum[key], ...tests };
    return sum;
  }, {});
}
