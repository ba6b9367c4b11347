/**
 * Retrieval from the local catalogue. Excluded items stay on the device: the search skips them.
 *
 * The best rows of each query and of the pool are candidates, and each query scores all of them. A
 * further action changes few queries: the hits of the others are those of the search before.
 */
import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import type { CoreCatalogue } from "../core/interface.js";
import { isEqual, toMatrix } from "../core/matrix.js";
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
/** Maximum number of hits of earlier searches that are kept: calls may alternate their options. */
const MAX_EARLIER_HITS = 12;

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
      isEqual(vector, other) &&
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
    const knownHits = reusableSearch ? [...reusableSearch.hits, ...reusableSearch.earlierHits] : [];
    const hits = queries.map(
      ({ query: { vector } }) => knownHits.find((one) => isReusable(vector, one)) ?? search(vector),
    );
    if (
      reusableSearch?.poolRows === pool.rows &&
      hasSameExclusions &&
      hits.length === reusableSearch.hits.length &&
      hits.every((one, query) => one === reusableSearch.hits[query])
    )
      return reusableSearch.lists;

    // Loops: callbacks of array methods would take several times as long.
    const items: ItemId[] = [];
    const rows: number[] = [];
    const keyOfRow = new Map<number, number>();
    const add = (row: number, item: ItemId): void => {
      keyOfRow.set(row, items.push(item) - 1);
      rows.push(row);
    };
    for (const { rows: hitRows, ids } of hits) {
      let rest = count;
      for (let hit = 0; hit < hitRows.length && rest > 0; hit += 1) {
        const row = hitRows[hit]!;
        if (!keyOfRow.has(row)) {
          if (isExcluded(row)) continue;
          add(row, ids[hit]!);
        }
        rest -= 1;
      }
    }
    const poolRows: number[] = [];
    for (const row of pool.rows) {
      if (hits.length > 0 && poolRows.length === MAX_POOL_CANDIDATES) break;
      if (isExcluded(row) || !hasRow(allowed, row)) continue;
      poolRows.push(row);
      if (!keyOfRow.has(row)) add(row, core.id(row)!);
    }

    // The list of a query has all keys, that of the pool the keys of its items.
    const { length } = rows;
    const size = length * hits.length;
    const keys = new Uint32Array(size + poolRows.length);
    const scores = new Float32Array(keys.length);
    const hitPriors = new Float32Array(priors.length && keys.length);
    const fill = (index: number, key: number): void => {
      keys[index] = key;
      if (hitPriors.length > 0) hitPriors[index] = priors[rows[key]!]!;
    };
    if (size > 0) for (let key = 0; key < length; key += 1) fill(key, key);
    for (let end = length; end < size; end += length) {
      keys.copyWithin(end, 0, length);
      hitPriors.copyWithin(end, 0, length);
    }
    poolRows.forEach((row, index) => fill(size + index, keyOfRow.get(row)!));
    scoreCandidates(core, catalogue.dim, hits, rows, keyOfRow, scores);
    const offsets = [0, ...hits.map((_, list) => (list + 1) * length)];
    if (pool.weight > 0) offsets.push(keys.length);
    const lists = { items, keys, scores, priors: hitPriors, offsets: Uint32Array.from(offsets) };
    const earlierHits = knownHits.filter((one) => !hits.includes(one)).slice(0, MAX_EARLIER_HITS);
    memo.last = { priors, restriction, excluded, poolRows: pool.rows, hits, earlierHits, lists };
    return lists;
  });
}

/**
 * Writes the scores of all rows for each query, one list after the other. Scores that the last
 * search with the same hits has computed are copied.
 */
function scoreCandidates(
  core: CoreCatalogue,
  dim: number,
  hits: readonly QueryHits[],
  rows: readonly number[],
  keyOfRow: ReadonlyMap<number, number>,
  scores: Float32Array,
): void {
  const known = hits.find((one) => one.keyOfRow)?.keyOfRow;
  const isNew = ({ keyOfRow }: QueryHits): boolean => !known || keyOfRow !== known;
  const knownKeys = rows.map((row) => known?.get(row) ?? -1);
  const newRows = rows.filter((_, key) => knownKeys[key]! < 0);
  const compute = (someHits: readonly QueryHits[], someRows: readonly number[]): Float32Array => {
    const vectors = someHits.map(({ vector }) => vector);
    return core.scores(toMatrix(vectors, dim), new Uint32Array(someRows));
  };
  const ofNewQueries = compute(hits.filter(isNew), rows);
  const ofNewRows = compute(
    hits.filter((one) => !isNew(one)),
    newRows,
  );
  let place = 0;
  let newQueryPlace = 0;
  let newRowPlace = 0;
  for (const one of hits) {
    const knownScores = isNew(one) ? undefined : one.scores!;
    for (const key of knownKeys) {
      if (!knownScores) scores[place] = ofNewQueries[newQueryPlace++]!;
      else if (key < 0) scores[place] = ofNewRows[newRowPlace++]!;
      else scores[place] = knownScores[key]!;
      place += 1;
    }
  }
  hits.forEach((one, list) => {
    one.keyOfRow = keyOfRow;
    one.scores = scores.subarray(list * rows.length, (list + 1) * rows.length);
  });
}
