/** Somebody else to ask. */

import type { Catalogue } from "../../catalogue/catalogue.js";
import { checkAbort } from "../../check.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { assemble, checkQueries } from "../engine.js";
import { askFor, placesOf, wrap } from "./wrap.js";

/** Whoever comes first answers; the queries that failed there, or were not found, are asked of the next, and so on. Vectors likewise. */
export function withFallback(
  first: RemoteRetriever,
  ...others: readonly RemoteRetriever[]
): RemoteRetriever {
  return wrap(first, {
    ask: async (queries, signal) => {
      const answers = await first.ask(queries, signal);
      for (const other of others) {
        const failed = placesOf(answers, (answer) => answer.status !== "ok");
        if (failed.length === 0) break;
        const found = await askFor(failed, queries, other, signal);
        failed.forEach((place, index) => {
          if (found[index]!.status === "ok") answers[place] = found[index]!; // else the first reason stands
        });
      }
      return answers;
    },
    vectors: async (items, signal) => {
      const found: (Float32Array | undefined)[] = items.map(() => undefined);
      let failure: unknown;
      for (const source of [first, ...others]) {
        const places = items.flatMap((_, place) => (found[place] ? [] : [place]));
        if (places.length === 0) break;
        try {
          const vectors = await source.vectors(
            places.map((place) => items[place]!),
            signal,
          );
          places.forEach((place, index) => (found[place] = vectors[index]));
        } catch (error) {
          checkAbort(signal);
          failure ??= error;
        }
      }
      // Unknown to those that answered is not unknown to the one that did not.
      if (failure !== undefined && found.includes(undefined)) throw failure;
      return found;
    },
    // What may leave: the others are asked only where the first fails, but then they are.
    outbound: (queries) => [
      ...first.outbound(queries),
      ...others
        .flatMap((other) => other.outbound(queries))
        .map(({ says, ...rest }) => ({
          ...rest,
          says: `Only if ${first.engine} cannot answer: ${says}`,
        })),
    ],
  });
}

/** The local catalogue, to fall back on: it answers what it knows the item of, or has the vector of. */
export function localRetriever(catalogue: Catalogue): RemoteRetriever {
  const vectorOf = ({ item, vector }: RemoteQuery): Float32Array | undefined =>
    vector ?? (item === undefined ? undefined : catalogue.vector(item));
  return assemble({
    engine: "catalogue",
    identity: JSON.stringify(["catalogue", catalogue.hash]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: catalogue.size,
      idKind: "string",
      filter: "none",
    },
    ask: async (queries, signal) => {
      checkQueries("catalogue", queries, catalogue.dim);
      checkAbort(signal);
      return queries.map((query): Answer => {
        const vector = vectorOf(query);
        if (!vector) return { status: "not-found" };
        const exclude = query.item === undefined ? [] : [query.item];
        return {
          status: "ok",
          hits: catalogue.search(vector, { count: query.count, exclude }),
          via: "local",
        };
      });
    },
    vectors: async (items) => items.map((item) => catalogue.vector(item)),
    outbound: () => [],
  });
}
