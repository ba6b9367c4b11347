/** Retrieval from the local catalogue. Excluded items stay on the device: the search skips them. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { ItemId } from "../item.js";
import type { Hit, Query } from "../retriever.js";

/** One ranked list per query, without the excluded items. `queries` must not be empty. */
export function searchCatalogue(
  catalogue: Catalogue,
  queries: readonly Query[],
  exclude: Iterable<ItemId>,
): Hit[][] {
  const count = Math.max(...queries.map((query) => query.count));
  return catalogue.searchMany(
    queries.map(({ vector }) => vector),
    { count, exclude },
  );
}
