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
const NO_ROWS = new Uint32Array();

/** One list per query of the plan and, if it has a pool, one of the pool's items. */
export function searchCatalogue(catalogue: Catalogue, plan: Plan): PackedLists {
  const { handle, priors, restrict, prepare } = rowsOf(catalogue);
  const { exclude, allowed } = restrict({ exclude: plan.exclude });
  const queries = plan.queries.map(({ query }) => query);
  const matrix = toMatrix(
    queries.map(({ vector }) => vector),
    catalogue.dim,
  );
  const keyByRow = new Map<number, number>();
  const items: ItemId[] = [];
  const addCandidate = (row: number, idOf: () => ItemId): void => {
    if (keyByRow.has(row)) return;
    keyByRow.set(row, items.length);
    items.push(idOf());
  };
  return handle.with((core) => {
    if (queries.length > 0) {
      prepare(core);
      const { count } = queries[0]!;
      const found = core.search(matrix, count, 0, NaN, exclude, allowed, false);
      found.rows.forEach((row, hit) => {
        addCandidate(row, () => found.ids.slice(found.idEnds[hit - 1] ?? 0, found.idEnds[hit]));
      });
    }
    const excluded = new Set(exclude);
    const poolRows = plan.pool.rows
      .filter((row) => !excluded.has(row) && hasRow(allowed, row))
      .slice(0, queries.length === 0 ? undefined : MAX_POOL_CANDIDATES);
    for (const row of poolRows) addCandidate(row, () => core.id(row)!);

    const candidates = new Uint32Array(Math.ceil(core.facts().rows / 32));
    for (const row of keyByRow.keys()) candidates[row >> 5]! |= 1 << (row & 31);
    const scored = core.search(matrix, items.length, 0, NaN, NO_ROWS, candidates, true);
    const rows = [...scored.rows, ...poolRows];
    return {
      items,
      keys: Uint32Array.from(rows, (row) => keyByRow.get(row)!),
      scores: Float32Array.from([...scored.scores, ...poolRows.map(() => 0)]),
      priors: priors.length > 0 ? Float32Array.from(rows, (row) => priors[row]!) : priors,
      offsets: Uint32Array.from([
        0,
        ...scored.ends,
        ...(plan.pool.weight > 0 ? [rows.length] : []),
      ]),
    };
  });
}
