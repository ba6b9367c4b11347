/** The local catalogue as a retriever: the queries stay on the device, so it may also be told what to leave out. */
import type { Catalogue } from "../catalogue/catalogue.js";
import type { ItemId } from "../item.js";
import type { Hit, Query } from "../retriever.js";

/** One ranked list per query, without the excluded items. */
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
