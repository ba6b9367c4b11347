/** Validation of the queries that a retriever gets. */
import type { Query } from "../retriever.js";
import { checkInteger, checkItemId, checkVector, unexpected } from "./check.js";

/**
 * The queries, checked: each with a vector of `dim` finite components, a count, and possibly an
 * item. Throws code "option", "dimension" or "not-finite".
 */
export function checkVectorQueries(where: string, queries: unknown, dim: number): Query[] {
  if (!Array.isArray(queries)) throw unexpected(where, "an array of queries", queries);
  // Holes of the array are values too, which are no queries.
  return Array.from(queries as (Partial<Query> | null | undefined)[], (query, index) => {
    const label = `${where}: query ${index}`;
    return {
      vector: checkVector(label, query?.vector, dim),
      count: checkInteger(`${label}: count`, query?.count),
      ...(query?.item !== undefined && { item: checkItemId(`${label}: item`, query.item) }),
    };
  });
}
