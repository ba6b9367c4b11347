/**
 * The part shared by all adapters of vector engines. An adapter (engines/) builds requests and
 * parses replies; this file queries by id first and by vector second, drops the query's own item,
 * validates scores, and returns one answer per query.
 *
 * "Engine" is a vector database throughout ts/remote/.
 */

import { isSageError, SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import { type Hit, NOT_SENT, type Outbound } from "../retriever.js";
import {
  checkAbort,
  checkDim,
  checkFloat32,
  checkInteger,
  checkItemId,
  checkKeys,
  checkVector,
  inspect,
  isItemId,
  unexpected,
} from "../values/check.js";
import { checkSpace, commonSpace } from "../values/space.js";
import type { Answer, Capabilities, RemoteQuery, RemoteRetriever } from "./answer.js";
import { assembleRetriever } from "./assemble.js";
import { beginningOf, RetrievalError } from "./failure.js";
import { cacheVectors } from "./vectors.js";

/** A query for an adapter: by stored id or by vector. `count`: hits to request from the engine. */
export type EngineQuery = { count: number } & (
  | { id: ItemId; vector?: undefined }
  | { vector: Float32Array; id?: undefined }
);

/** The parsed reply to one query: hits with cosine scores, an unknown id, or an error. */
export type EngineReply = Hit[] | "not-found" | SageError;

/** One request with the queries it carries. `read` parses its reply: one entry per query. */
export interface Exchange<Request> {
  request: Request;
  queries: readonly EngineQuery[];
  read: (reply: unknown) => EngineReply[];
}

/** An adapter. All functions are pure, except `send`. */
export interface Engine<Request> {
  name: string;
  /** See {@link RemoteRetriever.identity}. */
  identity: string;
  capabilities: Capabilities;
  /**
   * Length of the stored vectors. If given, vectors of other lengths are rejected before sending.
   */
  dim?: number | undefined;
  /** Name of the vector space of the stored vectors. */
  space?: string | undefined;
  /** Whether an id is valid in this engine; invalid ids count as not stored. Default: all are. */
  acceptsId?: (item: ItemId) => boolean;
  /** The requests for these queries (at least one); each query occurs in exactly one of them. */
  search: (queries: readonly EngineQuery[]) => Exchange<Request>[];
  /** The request for the stored vectors of these items, and its parser: one entry per item. */
  lookUp: (items: readonly ItemId[]) => {
    request: Request;
    read: (reply: unknown) => (Float32Array | undefined)[];
  };
  /** Send a request. Resolves to the reply for `read`. */
  send: (request: Request, signal?: AbortSignal) => Promise<unknown>;
  /** The request as shown by `preview()`, without credentials. */
  show: (request: Request) => Pick<Outbound, "to" | "bytes">;
}

/** Build the retriever of an adapter. `withFilter`: see {@link RemoteRetriever.withFilter}. */
export function engineRetriever<Request>(
  engine: Engine<Request>,
  withFilter: RemoteRetriever["withFilter"],
): RemoteRetriever {
  const { name, capabilities } = engine;
  const space = checkSpace(name, engine);
  if (engine.dim !== undefined) checkDim(`${name}: dim`, engine.dim);
  const acceptsId = (item: ItemId): boolean => engine.acceptsId?.(item) ?? true;

  const vectors = cacheVectors(async (items, signal) => {
    const acceptedItems = items.filter(acceptsId);
    if (acceptedItems.length === 0) return items.map(() => undefined);
    const { request, read } = engine.lookUp(acceptedItems);
    const reply = await engine.send(request, signal).catch((error: unknown) => {
      checkAbort(signal);
      throw toFailure(name, error);
    });
    const foundVectors = parseReply(name, read, reply);
    const indexOf = new Map(acceptedItems.map((item, index) => [item, index]));
    return items.map((item) =>
      checkStoredVector(name, item, foundVectors[indexOf.get(item) ?? -1], engine.dim),
    );
  });

  /** Hits to request: one more if the query's own item may be among them. */
  const engineCount = ({ item, count }: RemoteQuery): number =>
    Math.min(count, capabilities.maxK - 1) + (item === undefined ? 0 : 1);

  /** The engine query that needs no vector lookup: by stored id, or by vector. Else undefined. */
  const directQuery = (query: RemoteQuery): EngineQuery | undefined => {
    const { item, vector } = query;
    const count = engineCount(query);
    if (item !== undefined && capabilities.byId === "native" && acceptsId(item))
      return { id: item, count };
    return vector && !isZero(vector) ? { vector, count } : undefined;
  };

  const runExchange = async (
    { request, queries, read }: Exchange<Request>,
    signal?: AbortSignal,
  ): Promise<EngineReply[]> => {
    try {
      const reply = await engine.send(request, signal);
      const replies = parseReply(name, read, reply);
      if (replies.length === queries.length) return replies;
      throw unexpectedReply(name, `${replies.length} answers to ${queries.length} queries`);
    } catch (error) {
      checkAbort(signal);
      // Engines may fail a whole batch for one unknown id: `ask` then retries all by vector, also
      // the queries that had no id.
      const idIsUnknown =
        error instanceof RetrievalError &&
        error.reason === "not-found" &&
        queries.some(({ id }) => id !== undefined);
      const failure = toFailure(name, error);
      return queries.map(() => (idIsUnknown ? "not-found" : failure));
    }
  };

  const searchEngine = async (
    queries: readonly EngineQuery[],
    signal?: AbortSignal,
  ): Promise<Map<EngineQuery, EngineReply>> => {
    const exchanges = queries.length === 0 ? [] : engine.search(queries);
    const replies = await Promise.all(exchanges.map((exchange) => runExchange(exchange, signal)));
    return new Map(
      exchanges.flatMap((exchange, index) =>
        exchange.queries.map((query, row) => [query, replies[index]![row]!] as const),
      ),
    );
  };

  const storedVectorsOf = async (
    items: readonly ItemId[],
    signal?: AbortSignal,
  ): Promise<(Float32Array | undefined)[] | SageError> => {
    if (items.length === 0) return [];
    try {
      return await vectors(items, signal);
    } catch (error) {
      checkAbort(signal);
      return toFailure(name, error);
    }
  };

  /** Sends queries by vector: the query's own, else the one stored in the engine. */
  const searchByVector = async (
    queries: readonly RemoteQuery[],
    signal?: AbortSignal,
  ): Promise<EngineReply[]> => {
    const items = queries.filter(({ vector }) => !vector).map(({ item }) => item!);
    const storedVectors = await storedVectorsOf(items, signal);
    const replies: EngineReply[] = [];
    const engineQueries = new Map<number, EngineQuery>();
    queries.forEach((query, row) => {
      const vector =
        query.vector ??
        (storedVectors instanceof SageError
          ? storedVectors
          : storedVectors[items.indexOf(query.item!)]);
      if (vector instanceof SageError) replies[row] = vector;
      else if (!vector) replies[row] = "not-found";
      else if (isZero(vector)) replies[row] = [];
      else engineQueries.set(row, { vector, count: engineCount(query) });
    });
    const foundReplies = await searchEngine([...engineQueries.values()], signal);
    for (const [row, query] of engineQueries) replies[row] = foundReplies.get(query)!;
    return replies;
  };

  const ask = async (given: readonly RemoteQuery[], signal?: AbortSignal): Promise<Answer[]> => {
    const queries = checkQueries(name, given, engine.dim, space);
    checkAbort(signal);
    const answers: (Answer | undefined)[] = queries.map(() => undefined);
    const setAnswer = (row: number, reply: EngineReply): void => {
      answers[row] = toAnswer(name, queries[row]!, reply);
    };

    const directQueries = queries.map(directQuery);
    const directReplies = await searchEngine(
      directQueries.filter((query) => query !== undefined),
      signal,
    );
    const unansweredRows: number[] = [];
    directQueries.forEach((query, row) => {
      const reply = query && directReplies.get(query);
      if (reply === undefined || reply === "not-found") unansweredRows.push(row);
      else setAnswer(row, reply);
    });

    const vectorReplies = await searchByVector(
      unansweredRows.map((row) => queries[row]!),
      signal,
    );
    unansweredRows.forEach((row, index) => setAnswer(row, vectorReplies[index]!));
    checkAbort(signal);
    return answers.map((answer) => answer!);
  };

  return assembleRetriever({
    engine: name,
    identity: identityIn(space, engine.identity),
    capabilities,
    space,
    ask,
    vectors,
    ...(withFilter && { withFilter }),
    outbound(given) {
      // Zero vectors are answered without the engine.
      const queries = checkQueries(name, given, engine.dim, space).filter(
        (query) => !query.vector || directQuery(query),
      );
      const directQueries = queries.map(directQuery).filter((query) => query !== undefined);
      const toLookUp = queries.filter((query) => !directQuery(query)).map(({ item }) => item!);
      const requests =
        directQueries.length === 0
          ? []
          : engine.search(directQueries).map(({ request }) => request);
      if (toLookUp.length > 0) requests.push(engine.lookUp(toLookUp).request);
      const ids = directQueries.filter(({ id }) => id !== undefined).length;
      const mayRepeat = queries.some(
        (query) => query.vector && !isZero(query.vector) && directQuery(query)?.id !== undefined,
      );
      const says = describeQueries(queries.length, ids, mayRepeat);
      return requests.map((request) => ({ ...engine.show(request), says }));
    },
  });
}

/** What a preview says of a request. `mayRepeat`: whether unknown ids are queried by vector. */
function describeQueries(count: number, ids: number, mayRepeat: boolean): string {
  const total = count === 1 ? "1 query" : `${count} queries`;
  const kinds = `${ids} by the id of an item of the history, ${count - ids} by vector`;
  const fallbackNote = mayRepeat ? " Ids unknown there are queried again by vector." : "";
  return `${total}: ${kinds}.${fallbackNote} ${NOT_SENT}.`;
}

/** The identity of a retriever whose vectors are of the space; unchanged for an unnamed space. */
export function identityIn(space: string | undefined, identity: string): string {
  return space === undefined ? identity : JSON.stringify([identity, space]);
}

/**
 * Part of an adapter's identity: the field of the prior, if one is read. Answers that were cached
 * without priors are then not used.
 */
export function priorIdentity(priorField: string | undefined): string[] {
  return priorField === undefined ? [] : [`prior ${priorField}`];
}

/** The option `priorField` of an adapter: a name, or undefined. */
export function checkPriorField(name: string, priorField: unknown): string | undefined {
  if (priorField === undefined || (typeof priorField === "string" && priorField !== ""))
    return priorField;
  throw unexpected(`${name}: priorField`, "the name of a field", priorField);
}

/**
 * Validate queries before anything is sent, and return them with vectors of any form as
 * Float32Arrays. `dim`: required vector length. Default: that of the first vector. `space`: the
 * space of the stored vectors; a query of another one throws "dimension".
 */
export function checkQueries(
  name: string,
  queries: readonly RemoteQuery[],
  dim: number | undefined,
  space?: string | undefined,
): RemoteQuery[] {
  if (!Array.isArray(queries)) throw unexpected(name, "a list of queries", queries);
  // Holes of the array are values too, which are no queries.
  return Array.from(queries, (query: RemoteQuery, index) => {
    const where = `${name}: query ${index}`;
    checkKeys(where, query, ["item", "vector", "count", "space"]);
    commonSpace([{ space }, { space: checkSpace(where, query) }]);
    space ??= query.space;
    checkInteger(`${where}: count`, query.count);
    if (query.item === undefined && query.vector === undefined)
      throw new SageError("option", `${where}: expected an item, a vector or both.`);
    if (query.item !== undefined) checkItemId(`${where}: item`, query.item);
    if (query.vector === undefined) return query;
    dim ??= checkDim(`${where}: vector length`, checkFloat32(where, query.vector).length);
    return { ...query, vector: checkVector(where, query.vector, dim) };
  });
}

/** Whether the vector has no direction: its cosine to every item is 0, which ranks none. */
function isZero(vector: Float32Array): boolean {
  return vector.every((component) => component === 0);
}

/** The error for anything thrown while a request was sent and its reply was read. */
function toFailure(name: string, error: unknown): SageError {
  return isSageError(error) ? error : unexpectedReply(name, String(error), error);
}

/** The error for a reply that differs from the engine's documentation. */
export function unexpectedReply(name: string, seen: string, cause?: unknown): RetrievalError {
  return new RetrievalError("reply", `${name} sent an unexpected reply: ${beginningOf(seen)}.`, {
    cause,
  });
}

/** Parse a reply. Parsers throw on any unexpected shape, which becomes a "reply" error. */
function parseReply<T>(name: string, read: (reply: unknown) => T, reply: unknown): T {
  try {
    return read(reply);
  } catch (error) {
    if (isSageError(error)) throw error;
    throw unexpectedReply(name, error instanceof Error ? error.message : String(error), error);
  }
}

/**
 * Convert a reply to an answer: drop the query's item, clamp scores to [-1, 1], sort by descending
 * score (ties: the engine's order), keep `count` hits.
 */
export function toAnswer(name: string, { item, count }: RemoteQuery, reply: EngineReply): Answer {
  if (reply === "not-found") return { status: "not-found" };
  if (reply instanceof SageError) return { status: "error", error: reply };
  for (const hit of reply) {
    const { item: hitItem, score, prior = 0 } = hit;
    if (!isItemId(hitItem) || !Number.isFinite(score) || !(prior >= 0 && prior < Infinity)) {
      return {
        status: "error",
        error: unexpectedReply(
          name,
          `a hit with id ${inspect(hitItem)}, score ${inspect(score)}, prior ${inspect(prior)}`,
        ),
      };
    }
  }
  const hits = reply
    .filter((hit) => hit.item !== item)
    .map((hit) => ({ ...hit, score: Math.max(-1, Math.min(1, hit.score)) }));
  hits.sort((a, b) => b.score - a.score);
  return { status: "ok", hits: hits.slice(0, count), via: "engine" };
}

function checkStoredVector(
  name: string,
  item: ItemId,
  vector: Float32Array | undefined,
  dim: number | undefined,
): Float32Array | undefined {
  if (vector === undefined) return undefined;
  if (vector.length === 0 || !vector.every(Number.isFinite))
    throw unexpectedReply(name, `a vector of ${inspect(item)} that is empty or not finite`);
  if (dim !== undefined && vector.length !== dim)
    throw unexpectedReply(
      name,
      `a vector of length ${vector.length} for ${inspect(item)}, expected ${dim}`,
    );
  return vector;
}
