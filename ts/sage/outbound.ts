/**
 * The queries passed to a custom retriever, and their description for `preview()`.
 *
 * `buildQueries` is the only source of the queries that `recommend()` passes to a retriever: medoid
 * id, medoid vector, number of hits. Two more things can leave the device, built elsewhere: the
 * HTTP requests that the adapters in ts/remote/ derive from these queries, and the item ids that
 * actions.ts passes to the `vectors` option.
 */
import { NOT_SENT, type Outbound, type Query, type Retriever } from "../retriever.js";
import type { Interest } from "./types.js";

/** Hits that all queries of a `recommend` call request together, as in PinnerSage. */
const TOTAL_CANDIDATES = 400;
/** Maximum number of hits per query, unless `count` is larger. Vector engines support it. */
const MAX_HITS_PER_QUERY = 200;

/**
 * One query per interest, with its medoid and no weights, times or user id. Each query requests at
 * least `count` hits, so that one interest can fill the whole result.
 */
export function buildQueries(interests: readonly Interest[], count: number): Query[] {
  const hitsPerQuery = Math.min(
    MAX_HITS_PER_QUERY,
    Math.floor(TOTAL_CANDIDATES / interests.length),
  );
  return interests.map(({ medoid, vector }) => ({
    vector: vector.slice(),
    item: medoid,
    count: Math.max(count, hitsPerQuery),
  }));
}

/**
 * The messages these queries cause: `retriever.outbound`, or the queries as JSON if it has none.
 * No queries: no messages.
 */
export function describeOutbound(queries: readonly Query[], retriever: Retriever): Outbound[] {
  if (queries.length === 0) return [];
  if (retriever.outbound) return retriever.outbound(queries);
  const json = JSON.stringify(
    queries.map(({ vector, ...rest }) => ({ vector: Array.from(vector), ...rest })),
  );
  const medoids = queries.map(({ item }) => item).join(", ");
  const queryCount = queries.length === 1 ? "1 query" : `${queries.length} queries`;
  const content = `${queryCount}, each with an item of the history and its vector: ${medoids}.`;
  return [
    {
      to: retriever.name || "retriever",
      bytes: new TextEncoder().encode(json),
      says: `${content} ${NOT_SENT}.`,
    },
  ];
}
