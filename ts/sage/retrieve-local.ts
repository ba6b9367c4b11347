/**
 * Retrieval from the local catalogue. Excluded items stay on the device: the search skips them.
 *
 * The best rows of each query and of the pool are candidates, and each query scores all of them.
 */
import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import { toMatrix } from "../core/matrix.js";
import type { ItemId } from "../item.js";
import type { PackedLists } from "./lists.js";
import type { Plan } from "./plan.js";
import { hasRow } from "./pool.js";

/** Items of the pool that are candidates beside a history. */
const MAX_POOL_CANDIDATES = 200;

/**
 * One list per query of the plan and, if it has a pool, one of the pool's items. `depth` multiplies
 * the hits per query.
 */
export function searchCatalogue(catalogue: Catalogue, plan: Plan, depth: number): PackedLists {
  const { handle, priors, restrict, prepare } = rowsOf(catalogue);
  const { exclude, allowed } = restrict(plan);
  const queries = plan.queries.map(({ query }) => query);
  const matrix = toMatrix(
    queries.map(({ vector }) => vector),
    catalogue.dim,
  );
  return handle.with((core) => {
    const items = new Map<number, ItemId>();
    if (queries.length > 0) {
      prepare(core);
      const count = queries[0]!.count * depth;
      const hits = core.search(matrix, count, 0, NaN, exclude, allowed, false);
      hits.rows.forEach((row, hit) => {
        if (!items.has(row))
          items.set(row, hits.ids.slice(hits.idEnds[hit - 1] ?? 0, hits.idEnds[hit]));
      });
    }
    const excluded = new Set(exclude);
    const poolRows = plan.pool.rows
      .filter((row) => !excluded.has(row) && hasRow(allowed, row))
      .slice(0, queries.length === 0 ? undefined : MAX_POOL_CANDIDATES);
    for (const row of poolRows) if (!items.has(row)) items.set(row, core.id(row)!);

    const rows = Uint32Array.from(items.keys());
    const keyByRow = new Map(Array.from(rows, (row, key) => [row, key]));
    const size = rows.length * queries.length;
    const keys = new Uint32Array(size + poolRows.length);
    const scores = new Float32Array(keys.length);
    for (let hit = 0; hit < size; hit += 1) keys[hit] = hit % rows.length;
    poolRows.forEach((row, index) => (keys[size + index] = keyByRow.get(row)!));
    scores.set(core.scores(matrix, rows));
    const offsets = [0, ...queries.map((_, list) => (list + 1) * rows.length)];
    if (plan.pool.weight > 0) offsets.push(keys.length);
    return {
      items: [...items.values()],
      keys,
      scores,
      priors: priors.length > 0 ? Float32Array.from(keys, (key) => priors[rows[key]!]!) : priors,
      offsets: Uint32Array.from(offsets),
    };
  });
}
