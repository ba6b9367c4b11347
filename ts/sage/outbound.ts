/**
 * The description of the queries passed to a custom retriever, for `preview()`.
 *
 * `planRecommendation` is the only source of these queries. A query for an interest has the id and
 * the vector of a real item, the query for the average of the history its vector, each the number
 * of hits. Two more things can leave the device, built elsewhere: the HTTP requests that the
 * adapters in ts/remote/ derive from these queries, and the item ids that actions.ts passes to the
 * `vectors` option.
 */
import { NOT_SENT, type Outbound, type Query, type Retriever } from "../retriever.js";

/** Added to the description of a request if one of the queries is the average of the history. */
const AVERAGE_IS_SENT =
  "The query without an item is the average of the history, by weights and times.";

/**
 * The messages these queries cause: `retriever.outbound`, or the queries as JSON if it has none.
 * No queries: no messages.
 */
export function describeOutbound(queries: readonly Query[], retriever: Retriever): Outbound[] {
  if (queries.length === 0) return [];
  const items = queries.flatMap(({ item }) => item ?? []);
  const isAverageSent = items.length < queries.length && !retriever.hidesQueries;
  const averageNote = isAverageSent ? ` ${AVERAGE_IS_SENT}` : "";
  if (retriever.outbound) {
    const messages = retriever.outbound(queries);
    return messages.map((message) => ({ ...message, says: message.says + averageNote }));
  }
  const json = JSON.stringify(
    queries.map(({ vector, ...rest }) => ({ vector: Array.from(vector), ...rest })),
  );
  const queryCount = queries.length === 1 ? "1 query" : `${queries.length} queries`;
  const content =
    items.length === 0
      ? "a vector"
      : `${items.length} with an item of the history and its vector: ${items.join(", ")}`;
  return [
    {
      to: retriever.name || "retriever",
      bytes: new TextEncoder().encode(json),
      says: `${queryCount}, ${content}. ${NOT_SENT}.${averageNote}`,
    },
  ];
}
