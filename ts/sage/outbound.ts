/** What leaves the device, and nothing else does: this file makes the queries that a retriever is handed, and shows them byte for byte. */
import type { Outbound, Query, Retriever } from "../retriever.js";
import type { Interest } from "./types.js";

/** PinnerSage asks for 400 candidates in all; engines answer up to 200 at once. */
const CANDIDATES = 400;
const MOST_PER_QUERY = 200;

/** One query per interest: its medoid, and nothing about weights, times or the user. Any one of them can fill all `count` places. */
export function buildQueries(interests: readonly Interest[], count: number): Query[] {
  const share = Math.min(MOST_PER_QUERY, Math.floor(CANDIDATES / interests.length));
  return interests.map(({ medoid, vector }) => ({
    vector: vector.slice(),
    item: medoid,
    count: Math.max(count, share),
  }));
}

/** What asking these queries sends: the retriever's own word for it or, where it has none, the queries as JSON. No queries: no message. */
export function showOutbound(queries: readonly Query[], retriever: Retriever): Outbound[] {
  if (queries.length === 0) return [];
  if (retriever.outbound) return retriever.outbound(queries);
  const json = JSON.stringify(
    queries.map(({ vector, ...rest }) => ({ vector: Array.from(vector), ...rest })),
  );
  const medoids = queries.map(({ item }) => item).join(", ");
  const what = queries.length === 1 ? "1 query" : `${queries.length} queries`;
  return [
    {
      to: retriever.name || "retriever",
      bytes: new TextEncoder().encode(json),
      says: `${what}, each with an item of the history and its vector: ${medoids}. No weights, no times, no user id.`,
    },
  ];
}
