/** In the worker: what the map needs of a catalogue. */
import { type Catalogue, type ItemId, project } from "pocketsage";
import type { LayoutInput } from "./layout.js";

export interface CatalogueMap extends LayoutInput {
  ids: ItemId[];
}

const NEIGHBOURS = 10;
/** Items per search; the worker answers other calls between two searches. */
const ITEMS_PER_SEARCH = 64;

/**
 * The first two principal components of all items, computed by the core, and the nearest neighbours
 * of each. O(n^2 dim) for n items.
 */
export async function mapCatalogue(catalogue: Catalogue): Promise<CatalogueMap> {
  const { dim } = catalogue;
  const ids = [...catalogue.ids()];
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const vectors = new Float32Array(ids.length * dim);
  for (const [row, id] of ids.entries()) vectors.set(catalogue.vector(id) ?? [], row * dim);
  const places = project(vectors, { dim });
  const neighbours = new Int32Array(ids.length * NEIGHBOURS).fill(-1);
  for (let start = 0; start < ids.length; start += ITEMS_PER_SEARCH) {
    const end = Math.min(start + ITEMS_PER_SEARCH, ids.length);
    const queries = Array.from({ length: end - start }, (_, index) =>
      vectors.subarray((start + index) * dim, (start + index + 1) * dim),
    );
    const hits = catalogue.searchMany(queries, { count: NEIGHBOURS + 1, variants: true });
    for (const [index, list] of hits.entries()) {
      const row = start + index;
      const neighbourRows = list
        .map(({ item }) => rowOf.get(item) ?? row)
        .filter((hit) => hit !== row);
      neighbours.set(neighbourRows.slice(0, NEIGHBOURS), row * NEIGHBOURS);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { ids, places, neighbours };
}
