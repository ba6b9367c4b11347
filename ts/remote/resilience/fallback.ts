/** `withFallback`: sends unanswered queries to other retrievers. */

import { type Catalogue, rowsOf } from "../../catalogue/catalogue.js";
import { checkCatalogue } from "../../catalogue/check-catalogue.js";
import type { Filter } from "../../catalogue/filter.js";
import { checkAbort, checkItemIds } from "../../values/check.js";
import { commonSpace } from "../../values/space.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { assembleRetriever } from "../assemble.js";
import { checkQueries } from "../engine.js";
import { answerRowsWhere, askSubset, checkRetriever, overrideParts } from "./wrap.js";

/**
 * Query `first`; queries that failed or were not found there go to the next of `others`, and so on.
 * A query that none answers keeps the result of `first`. `vectors` falls back likewise; it rejects
 * with the first error if an item stays unknown and a retriever failed. Retrievers that take no
 * filter are left out by `withFilter`. Throws code "dimension" for retrievers of two spaces.
 */
export function withFallback(
  first: RemoteRetriever,
  ...others: readonly RemoteRetriever[]
): RemoteRetriever {
  for (const retriever of [first, ...others]) checkRetriever("withFallback", retriever);
  const space = commonSpace([first, ...others]);
  return overrideParts(
    first,
    {
      space,
      ask: async (queries, signal) => {
        const answers = await first.ask(queries, signal);
        for (const other of others) {
          const unansweredRows = answerRowsWhere(answers, (answer) => answer.status !== "ok");
          if (unansweredRows.length === 0) break;
          const results = await askSubset(unansweredRows, queries, other, signal);
          unansweredRows.forEach((row, index) => {
            // Otherwise the answer of `first` stays.
            if (results[index]!.status === "ok") answers[row] = results[index]!;
          });
        }
        return answers;
      },
      vectors: async (items, signal) => {
        const results: (Float32Array | undefined)[] = items.map(() => undefined);
        let firstError: unknown;
        for (const retriever of [first, ...others]) {
          const missingRows = items.flatMap((_, row) => (results[row] ? [] : [row]));
          if (missingRows.length === 0) break;
          try {
            const vectors = await retriever.vectors(
              missingRows.map((row) => items[row]!),
              signal,
            );
            missingRows.forEach((row, index) => (results[row] = vectors[index]));
          } catch (error) {
            checkAbort(signal);
            firstError ??= error;
          }
        }
        // Items still missing may be stored in the retriever that failed, so its error is thrown.
        if (firstError !== undefined && results.includes(undefined)) throw firstError;
        return results;
      },
      // All messages that may be sent: the others are queried only if the first fails.
      outbound: (queries) => [
        ...first.outbound(queries),
        ...others
          .flatMap((other) => other.outbound(queries))
          .map(({ says, ...rest }) => ({
            ...rest,
            says: `Only if ${first.engine} fails: ${says}`,
          })),
      ],
    },
    (narrowed, filter) =>
      withFallback(narrowed, ...others.flatMap((other) => other.withFilter?.(filter) ?? [])),
  );
}

/**
 * The local catalogue as a {@link RemoteRetriever}, to fall back on. Answers queries with a vector
 * or for items in the catalogue; nothing is sent. `filter` restricts the hits.
 */
export function localRetriever(catalogue: Catalogue, filter?: Filter): RemoteRetriever {
  checkCatalogue("localRetriever", catalogue);
  // Throws for a filter that no search could use.
  if (filter !== undefined) rowsOf(catalogue).restrict({ filter });
  const vectorOf = ({ item, vector }: RemoteQuery): Float32Array | undefined =>
    vector ?? (item === undefined ? undefined : catalogue.vector(item));
  const { space } = catalogue;
  return assembleRetriever({
    engine: "catalogue",
    space,
    identity: JSON.stringify(["catalogue", catalogue.hash, filter]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: catalogue.size,
      idKind: "string",
      filter: "full",
    },
    ask: async (given, signal) => {
      const queries = checkQueries("catalogue", given, catalogue.dim, space);
      checkAbort(signal);
      return queries.map((query): Answer => {
        const vector = vectorOf(query);
        if (!vector) return { status: "not-found" };
        const exclude = query.item === undefined ? [] : [query.item];
        return {
          status: "ok",
          hits: catalogue.search(vector, {
            count: query.count,
            exclude,
            ...(filter !== undefined && { filter }),
          }),
          via: "local",
        };
      });
    },
    vectors: async (items) => checkItemIds("vectors", items).map((item) => catalogue.vector(item)),
    outbound: () => [],
    withFilter: (other) =>
      localRetriever(catalogue, filter === undefined ? other : { all: [filter, other] }),
  });
}
