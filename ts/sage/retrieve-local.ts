/**
 * Retrieval from the local catalogue. Excluded items stay on the device: the search skips them.
 *
 * The best rows of each query and of the pool are candidates, and each query scores all of them. A
 * further action changes few queries: the hits of the others are those of the search before.
 */
import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import { toMatrix } from "../core/matrix.js";
import type { ItemId } from "../item.js";
import { hasRow } from "../values/bitset.js";
import type { PackedLists, QueryHits, SearchMemo } from "./lists.js";
import type { Plan } from "./plan.js";

/** Items of the pool that are candidates beside a history. */
const MAX_POOL_CANDIDATES = 200;
/** With fewer items for each hit, a search without lists is exact; as in src/catalogue/index.rs. */
const MIN_ROWS_PER_SKETCHED_HIT = 128;
/** Hits of an exact search beyond the requested ones: they take the places of excluded items. */
const SPARE_HITS = 32;

/**
 * One list per query of the plan and, if it has a pool, one of the pool's items. `depth` multiplies
 * the hits per query. Equals the result without `memo`, which then holds this search.
 */
export function searchCatalogue(
  catalogue: Catalogue,
  { pool, queries, ...options }: Plan,
  depth: number,
  memo: SearchMemo,
): PackedLists {
  const { handle, priors, restrict, prepare } = rowsOf(catalogue);
  const { exclude, allowed } = restrict(options);
  const excluded = new Set(exclude);
  const isExcluded = (row: number): boolean => excluded.has(row);
  const count = (queries[0]?.query.count ?? 0) * depth;
  const isExact = !catalogue.lists && catalogue.size < MIN_ROWS_PER_SKETCHED_HIT * count;
  const hitCount = isExact ? count + SPARE_HITS : count;
  const restriction = `${hitCount} ${allowed}`;
  return handle.with((core) => {
    const { last } = memo;
    const hasSameExclusions = last?.excluded.size === excluded.size;
    const reusableSearch =
      last?.priors === priors &&
      last.restriction === restriction &&
      (isExact || hasSameExclusions) &&
      [...last.excluded].every(isExcluded)
        ? last
        : undefined;
    const isReusable = (vector: Float32Array, { vector: other, rows }: QueryHits): boolean =>
      vector.every((component, axis) => component === other[axis]) &&
      (rows.length < hitCount || rows.length - rows.filter(isExcluded).length >= count);
    const search = (vector: Float32Array): QueryHits => {
      const { rows, ids, idEnds } = core.search(
        ...([vector, hitCount, 0, NaN, exclude, allowed, false] as const),
      );
      return {
        vector,
        rows,
        ids: Array.from(idEnds, (end, hit) => ids.slice(idEnds[hit - 1], end)),
      };
    };
    if (!isExact && count > 0) prepare(core);
    const hits = queries.map(
      ({ query: { vector } }) =>
        reusableSearch?.hits.find((one) => isReusable(vector, one)) ?? search(vector),
    );
    if (
      reusableSearch?.poolRows === pool.rows &&
      hasSameExclusions &&
      hits.length === reusableSearch.hits.length &&
      hits.every((one, query) => one === reusableSearch.hits[query])
    )
      return reusableSearch.lists;

    const items = new Map<number, ItemId>();
    for (const { rows, ids } of hits) {
      let rest = count;
      rows.forEach((row, hit) => {
        if (rest === 0 || isExcluded(row)) return;
        rest -= 1;
        if (!items.has(row)) items.set(row, ids[hit]!);
      });
    }
    const poolRows = pool.rows
      .filter((row) => !isExcluded(row) && hasRow(allowed, row))
      .slice(0, hits.length === 0 ? undefined : MAX_POOL_CANDIDATES);
    for (const row of poolRows) if (!items.has(row)) items.set(row, core.id(row)!);

    const rows = Uint32Array.from(items.keys());
    const size = rows.length * hits.length;
    const keys = new Uint32Array(size + poolRows.length);
    // Loops: callbacks of `from` and `map` would take several times as long.
    for (let hit = 0; hit < size; hit += 1) keys[hit] = hit % rows.length;
    poolRows.forEach((row, index) => (keys[size + index] = rows.indexOf(row)));
    const hitPriors = new Float32Array(priors.length && keys.length);
    for (let hit = 0; hit < hitPriors.length; hit += 1) hitPriors[hit] = priors[rows[keys[hit]!]!]!;
    const scores = new Float32Array(keys.length);
    const vectors = hits.map(({ vector }) => vector);
    scores.set(core.scores(toMatrix(vectors, catalogue.dim), rows));
    const offsets = [0, ...hits.map((_, list) => (list + 1) * rows.length)];
    if (pool.weight > 0) offsets.push(keys.length);
    const lists = {
      items: [...items.values()],
      keys,
      scores,
      priors: hitPriors,
      offsets: Uint32Array.from(offsets),
    };
    memo.last = { priors, restriction, excluded, poolRows: pool.rows, hits, lists };
    return lists;
  });
}
