/** What leaves the device, and nothing else does: this file makes the queries that a retriever is handed, and shows them byte for byte. */
import type { Query } from "../retrieve/types.js";
import type { Interest, Outbound } from "../types.js";

/** PinnerSage asks for 400 candidates in all; engines answer up to 200 at once. */
const CANDIDATES = 400;
const MOST_PER_QUERY = 200;

/** One query per interest: its medoid, and nothing about weights, times or the user. Any one of them can fill all `count` places. */
export function buildQueries(interests: readonly Interest[], count: number): Query[] {
  const share = Math.min(MOST_PER_QUERY, Math.floor(CANDIDATES / interests.length));
  return interests.map(({ medoid, vector }) => ({ vector: vector.slice(), item: medoid, count: Math.max(count, share) }));
}

/** These queries as they are handed to a retriever of this name: one message, the JSON of the queries. No queries: no message. */
export function showOutbound(queries: readonly Query[], name: string): Outbound[] {
  if (queries.length === 0) return [];
  const json = JSON.stringify(queries.map(({ vector, ...rest }) => ({ vector: Array.from(vector), ...rest })));
  const medoids = queries.map(({ item }) => item).join(", ");
  const what = queries.length === 1 ? "1 query" : `${queries.length} queries`;
  return [
    {
      to: name || "retriever",
      bytes: new TextEncoder().encode(json),
      says: `${what}, each with an item of the history and its vector: ${medoids}. No weights, no times, no user id.`,
    },
  ];
}
