/**
 * From an engine's dialect to a retriever: what every adapter shares. An adapter says which requests ask its engine, and how its replies
 * read; here ids come first, vectors second, the item itself is left out, scores are checked, and every query gets an answer of its own.
 */
import {
  checkAbort,
  checkInteger,
  checkItemId,
  checkKeys,
  checkVector,
  inspect,
} from "../check.js";
import { isSageError, SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit, Outbound } from "../retriever.js";
import type { Answer, Capabilities, RemoteQuery, RemoteRetriever } from "./answer.js";
import { RetrievalError } from "./failure.js";
import { rememberVectors } from "./vectors.js";

/** A query as an adapter sees it: asked by a stored id or by a vector, for as many hits as the engine must give. */
export type EngineQuery = { count: number } & (
  | { id: ItemId; vector?: undefined }
  | { vector: Float32Array; id?: undefined }
);

/** What an engine says to one query: its hits with cosine scores, or that it does not know the id, or what is wrong. */
export type EngineReply = Hit[] | "not-found" | SageError;

/** One request and how its reply is read: one `Said` for each of the queries in it. */
export interface Exchange<Request> {
  request: Request;
  queries: readonly EngineQuery[];
  read: (reply: unknown) => EngineReply[];
}

/** An engine's dialect: pure but for `send`. */
export interface Engine<Request> {
  name: string;
  identity: string;
  capabilities: Capabilities;
  /** Length of the stored vectors, where it was said: a wrong vector is then refused before it leaves. */
  dim?: number | undefined;
  /** Whether the engine can have this id; one it cannot have is unknown to it. Default: yes. */
  accepts?: (item: ItemId) => boolean;
  search: (queries: readonly EngineQuery[]) => Exchange<Request>[];
  lookUp: (items: readonly ItemId[]) => {
    request: Request;
    read: (reply: unknown) => (Float32Array | undefined)[];
  };
  send: (request: Request, signal?: AbortSignal) => Promise<unknown>;
  show: (request: Request) => Pick<Outbound, "to" | "bytes">;
}

/** The retriever that asks this engine. */
export function retrieverOf<Request>(engine: Engine<Request>): RemoteRetriever {
  const { name, capabilities } = engine;
  const accepts = (item: ItemId): boolean => engine.accepts?.(item) ?? true;

  const vectors = rememberVectors(async (items, signal) => {
    const possible = items.filter(accepts);
    if (possible.length === 0) return items.map(() => undefined);
    const { request, read } = engine.lookUp(possible);
    const found = reading(name, () => read, await engine.send(request, signal));
    const place = new Map(possible.map((item, index) => [item, index]));
    return items.map((item) => checkStored(name, item, found[place.get(item) ?? -1], engine.dim));
  });

  /** How to ask a query without asking anybody first, if that can be. */
  const directly = ({ item, vector, count }: RemoteQuery): EngineQuery | undefined => {
    const wanted = Math.min(count, capabilities.maxK - 1) + (item === undefined ? 0 : 1);
    if (item !== undefined && capabilities.byId === "native" && accepts(item))
      return { id: item, count: wanted };
    return vector && { vector, count: wanted };
  };

  const exchange = async (
    { request, queries, read }: Exchange<Request>,
    signal?: AbortSignal,
  ): Promise<EngineReply[]> => {
    try {
      const reply = await engine.send(request, signal);
      const said = reading(name, () => read, reply);
      if (said.length === queries.length) return said;
      throw unexpected(name, `${said.length} answers to ${queries.length} queries`);
    } catch (error) {
      checkAbort(signal);
      // A batch fails as a whole when one id in it is unknown: the caller of this asks by vectors then.
      const unknown =
        error instanceof RetrievalError &&
        error.reason === "not-found" &&
        queries.some(({ id }) => id !== undefined);
      const failure = isSageError(error) ? error : unexpected(name, String(error), error);
      return queries.map(({ id }) => (unknown && id !== undefined ? "not-found" : failure));
    }
  };

  const search = async (
    queries: readonly EngineQuery[],
    signal?: AbortSignal,
  ): Promise<Map<EngineQuery, EngineReply>> => {
    const exchanges = queries.length === 0 ? [] : engine.search(queries);
    const said = await Promise.all(exchanges.map((each) => exchange(each, signal)));
    return new Map(
      exchanges.flatMap((each, index) =>
        each.queries.map((query, place) => [query, said[index]![place]!] as const),
      ),
    );
  };

  const ask = async (queries: readonly RemoteQuery[], signal?: AbortSignal): Promise<Answer[]> => {
    checkQueries(name, queries, engine.dim);
    checkAbort(signal);
    const answers: (Answer | undefined)[] = queries.map(() => undefined);
    const settle = (place: number, said: EngineReply): void => {
      answers[place] = answerOf(name, queries[place]!, said);
    };

    const first = queries.map(directly);
    const heard = await search(
      first.filter((query) => query !== undefined),
      signal,
    );
    const left: number[] = [];
    first.forEach((query, place) => {
      const said = query && heard.get(query);
      if (said === undefined || (said === "not-found" && query!.id !== undefined)) left.push(place);
      else settle(place, said);
    });

    // What could not be asked by id: by its own vector, else by the one the engine has stored.
    if (left.length > 0) {
      const missing = left
        .filter((place) => !queries[place]!.vector)
        .map((place) => queries[place]!.item!);
      let stored: (Float32Array | undefined)[] | SageError;
      try {
        stored = missing.length === 0 ? [] : await vectors(missing, signal);
      } catch (error) {
        checkAbort(signal);
        stored = isSageError(error) ? error : unexpected(name, String(error), error);
      }
      const second: { place: number; query: EngineQuery }[] = [];
      for (const place of left) {
        const { item, vector, count } = queries[place]!;
        const found =
          vector ?? (stored instanceof SageError ? stored : stored[missing.indexOf(item!)]);
        if (found instanceof SageError) settle(place, found);
        else if (!found) settle(place, "not-found");
        else
          second.push({
            place,
            query: {
              vector: found,
              count: Math.min(count, capabilities.maxK - 1) + (item === undefined ? 0 : 1),
            },
          });
      }
      const again = await search(
        second.map(({ query }) => query),
        signal,
      );
      for (const { place, query } of second) settle(place, again.get(query)!);
    }
    checkAbort(signal);
    return answers.map((answer) => answer!);
  };

  return assemble({
    engine: name,
    identity: engine.identity,
    capabilities,
    ask,
    vectors,
    outbound(queries) {
      checkQueries(name, queries, engine.dim);
      const direct = queries.map(directly).filter((query) => query !== undefined);
      const unknown = queries.filter((query) => !directly(query)).map(({ item }) => item!);
      const requests =
        direct.length === 0 ? [] : engine.search(direct).map(({ request }) => request);
      if (unknown.length > 0) requests.push(engine.lookUp(unknown).request);
      const ids = direct.filter(({ id }) => id !== undefined).length;
      const second = queries.some((query) => query.vector && directly(query)?.id !== undefined)
        ? " An id that is unknown there is asked for again by its vector."
        : "";
      const says = `${queries.length === 1 ? "1 query" : `${queries.length} queries`}: ${ids} by the id of an item of the history, ${
        queries.length - ids
      } by vector.${second} No weights, no times, no user id.`;
      return requests.map((request) => ({ ...engine.show(request), says }));
    },
  });
}

/** What a retriever has besides being a function. */
export type RetrieverParts = { [Key in keyof RemoteRetriever]: RemoteRetriever[Key] };

/** A retriever from its parts: as a function it gives the lists, and rejects with the first query that failed. */
export function assemble(parts: RetrieverParts): RemoteRetriever {
  const retrieve = async (
    queries: readonly RemoteQuery[],
    signal?: AbortSignal,
  ): Promise<Hit[][]> => {
    const answers = await parts.ask(queries, signal);
    return answers.map((answer, place) => {
      if (answer.status === "ok") return answer.hits;
      if (answer.status === "error") throw answer.error;
      throw new RetrievalError(
        "not-found",
        `${parts.engine} does not know ${inspect(queries[place]!.item)}, and the query had no vector.`,
      );
    });
  };
  // `name` is what preview() calls a retriever.
  Object.defineProperty(retrieve, "name", { value: parts.engine });
  const { engine, identity, capabilities, ask, vectors, outbound } = parts;
  return Object.assign(retrieve, { engine, identity, capabilities, ask, vectors, outbound });
}

/** Checks what a caller asks, before any of it leaves. */
export function checkQueries(
  name: string,
  queries: readonly RemoteQuery[],
  dim: number | undefined,
): void {
  if (!Array.isArray(queries))
    throw new SageError("option", `${name}: expected a list of queries, saw ${inspect(queries)}.`);
  queries.forEach((query: RemoteQuery, index) => {
    const where = `${name}: query ${index}`;
    checkKeys(where, query, ["item", "vector", "count"]);
    checkInteger(`${where}: count`, query.count);
    if (query.item === undefined && query.vector === undefined)
      throw new SageError("option", `${where}: it has neither an item nor a vector.`);
    if (query.item !== undefined) checkItemId(`${where}: item`, query.item);
    if (query.vector === undefined) return;
    const length = query.vector instanceof Float32Array ? query.vector.length : 0;
    checkVector(where, query.vector, dim ?? Math.max(1, length));
    if (query.vector.every((number) => number === 0))
      throw new SageError("option", `${where}: the vector is all zeros, which point nowhere.`);
  });
}

/** A reply, or a part of one, that is not what the engine is documented to say. */
export function unexpected(name: string, seen: string, cause?: unknown): RetrievalError {
  return new RetrievalError(
    "reply",
    `${name} answered with something else than its documented reply: ${seen.slice(0, 160)}.`,
    { cause },
  );
}

/** Reads a reply; a reader that stumbles has met a reply of another shape. */
function reading<T>(name: string, reader: () => (reply: unknown) => T, reply: unknown): T {
  try {
    return reader()(reply);
  } catch (error) {
    if (isSageError(error)) throw error;
    throw unexpected(name, error instanceof Error ? error.message : String(error), error);
  }
}

/** What becomes of what an engine said: without the item itself, best first, scores within [-1, 1]. */
export function answerOf(name: string, { item, count }: RemoteQuery, said: EngineReply): Answer {
  if (said === "not-found") return { status: "not-found" };
  if (said instanceof SageError) return { status: "error", error: said };
  for (const hit of said) {
    if (typeof hit.item !== "string" || hit.item === "" || !Number.isFinite(hit.score)) {
      return {
        status: "error",
        error: unexpected(
          name,
          `a hit with the id ${inspect(hit.item)} and the score ${inspect(hit.score)}`,
        ),
      };
    }
  }
  const hits = said
    .filter((hit) => hit.item !== item)
    .map((hit) => ({ item: hit.item, score: Math.max(-1, Math.min(1, hit.score)) }));
  hits.sort((a, b) => b.score - a.score);
  return { status: "ok", hits: hits.slice(0, count), via: "engine" };
}

function checkStored(
  name: string,
  item: ItemId,
  vector: Float32Array | undefined,
  dim: number | undefined,
): Float32Array | undefined {
  if (vector === undefined) return undefined;
  if (vector.length === 0 || !vector.every(Number.isFinite))
    throw unexpected(name, `a vector of ${inspect(item)} that is not finite numbers`);
  if (dim !== undefined && vector.length !== dim)
    throw unexpected(
      name,
      `a vector of ${vector.length} numbers for ${inspect(item)}, expected ${dim}`,
    );
  return vector;
}
