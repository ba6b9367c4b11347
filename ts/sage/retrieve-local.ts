/**
 * Retrieval from the local catalogue. Excluded items stay on the device: the search skips them.
 *
 * The best rows of each query and of the pool are candidates, and each query scores all of them.
 * One more action changes few queries; the others reuse the hits of the previous search.
 */
import { type Catalogue, rowsOf } from "../catalogue/catalogue.js";
import type { CoreCatalogue } from "../core/interface.js";
import { isEqual, toMatrix } from "../core/matrix.js";
import type { ItemId } from "../item.js";
import { hasRow } from "../values/bitset.js";
import type { PackedLists, QueryHits, SearchMemo } from "./lists.js";
import type { Plan } from "./plan.js";

/** Maximum number of items of the pool that are candidates if there is a history. */
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
  const { handle, priors, restrict, noteSearch } = rowsOf(catalogue);
  const { exclude, allowed } = restrict(options);
  const excluded = new Set(exclude);
  const isExcluded = (row: number): boolean => excluded.has(row);
  const count = (queries[0]?.query.count ?? 0) * depth;
  const isExact = !catalogue.lists && catalogue.size < MIN_ROWS_PER_SKETCHED_HIT * count;
  const hitCount = isExact ? count + SPARE_HITS : count;
  const restriction = `${hitCount} ${allowed}`;
  const { last } = memo;
  const hasSameExclusions = last?.excluded.size === excluded.size;
  const reusable =
    last?.priors === priors &&
    last.restriction === restriction &&
    (isExact || hasSameExclusions) &&
    [...last.excluded].every(isExcluded)
      ? last
      : undefined;
  const cachedHits = reusable ? [...reusable.hits, ...reusable.earlierHits] : [];
  const isComplete = ({ rows }: QueryHits): boolean =>
    rows.length < hitCount || rows.length - rows.filter(isExcluded).length >= count;

  return handle.with((core) => {
    const prepare = !isExact && count > 0 && noteSearch();
    const hits = queries.map(({ query: { vector } }): QueryHits => {
      const reusedHits = cachedHits.find(
        (queryHits) => isEqual(vector, queryHits.vector) && isComplete(queryHits),
      );
      if (reusedHits) return reusedHits;
      const result = core.search(vector, hitCount, 0, NaN, exclude, allowed, false, prepare);
      const [rows, , , ids, idEnds] = result;
      const idOf = (end: number, hit: number): ItemId => ids.slice(idEnds[hit - 1], end);
      return { vector, rows, ids: Array.from(idEnds, idOf) };
    });
    if (
      reusable?.poolRows === pool.rows &&
      hasSameExclusions &&
      hits.length === reusable.hits.length &&
      hits.every((queryHits, query) => queryHits === reusable.hits[query])
    )
      return reusable.lists;

    // The candidates. Loops: callbacks of array methods would take several times as long.
    const items: ItemId[] = [];
    const keyOfRow = new Map<number, number>();
    for (const { rows, ids } of hits) {
      let rest = count;
      for (let hit = 0; hit < rows.length && rest > 0; hit += 1) {
        const row = rows[hit]!;
        if (!keyOfRow.has(row)) {
          if (isExcluded(row)) continue;
          keyOfRow.set(row, items.push(ids[hit]!) - 1);
        }
        rest -= 1;
      }
    }
    const poolKeys: number[] = [];
    for (const row of pool.rows) {
      if (hits.length > 0 && poolKeys.length === MAX_POOL_CANDIDATES) break;
      if (isExcluded(row) || !hasRow(allowed, row)) continue;
      if (!keyOfRow.has(row)) keyOfRow.set(row, items.push(core.id(row)!) - 1);
      poolKeys.push(keyOfRow.get(row)!);
    }

    const rows = Uint32Array.from(keyOfRow.keys());
    const packed = packKeys(rows, priors, hits.length, poolKeys);
    scoreCandidates(core, catalogue.dim, hits, keyOfRow, rows, packed.scores);
    const offsets = [0, ...hits.map((_, list) => (list + 1) * rows.length)];
    if (pool.weight > 0) offsets.push(packed.keys.length);
    const lists = { ...packed, items, offsets: Uint32Array.from(offsets) };
    const earlierHits = cachedHits
      .filter((queryHits) => !hits.includes(queryHits))
      .slice(0, MAX_EARLIER_HITS);
    memo.last = { priors, restriction, excluded, poolRows: pool.rows, hits, earlierHits, lists };
    return lists;
  });
}

/** All keys once for each query, then those of the pool, with their priors and zero scores. */
function packKeys(
  rows: Uint32Array,
  priors: Float32Array,
  queryCount: number,
  poolKeys: readonly number[],
): Pick<PackedLists, "keys" | "scores" | "priors"> {
  const { length } = rows;
  const size = length * queryCount;
  const keys = new Uint32Array(size + poolKeys.length);
  const hitPriors = new Float32Array(priors.length && keys.length);
  const fill = (hit: number, key: number): void => {
    keys[hit] = key;
    if (hitPriors.length > 0) hitPriors[hit] = priors[rows[key]!]!;
  };
  if (size > 0) for (let key = 0; key < length; key += 1) fill(key, key);
  for (let hit = length; hit < size; hit += length) {
    keys.copyWithin(hit, 0, length);
    hitPriors.copyWithin(hit, 0, length);
  }
  poolKeys.forEach((key, index) => fill(size + index, key));
  return { keys, scores: new Float32Array(keys.length), priors: hitPriors };
}

/**
 * Writes the scores of all rows for each query, one list after the other. Scores that the last
 * search with the same hits has computed are copied.
 */
function scoreCandidates(
  core: CoreCatalogue,
  dim: number,
  hits: readonly QueryHits[],
  keyOfRow: ReadonlyMap<number, number>,
  rows: Uint32Array,
  scores: Float32Array,
): void {
  const earlierKeys = hits.find((queryHits) => queryHits.keyOfRow)?.keyOfRow;
  const isKnown = (queryHits: QueryHits): boolean =>
    earlierKeys !== undefined && queryHits.keyOfRow === earlierKeys;
  const knownKeys = Array.from(rows, (row) => earlierKeys?.get(row) ?? -1);
  const compute = (someHits: readonly QueryHits[], someRows: Uint32Array): Float32Array => {
    const vectors = someHits.map(({ vector }) => vector);
    return core.scores(toMatrix(vectors, dim), someRows);
  };
  const newRows = rows.filter((_, key) => knownKeys[key]! < 0);
  const ofNewRows = compute(hits.filter(isKnown), newRows);
  const ofNewQueries = compute(
    hits.filter((queryHits) => !isKnown(queryHits)),
    rows,
  );
  let hit = 0;
  let newRowHit = 0;
  let newQueryHit = 0;
  for (const queryHits of hits) {
    const knownScores = isKnown(queryHits) ? queryHits.scores : undefined;
    for (const key of knownKeys) {
      if (!knownScores) scores[hit] = ofNewQueries[newQueryHit++]!;
      else if (key < 0) scores[hit] = ofNewRows[newRowHit++]!;
      else scores[hit] = knownScores[key]!;
      hit += 1;
    }
  }
  // After all copies: queries with equal vectors share their hits.
  hits.forEach((queryHits, list) => {
    queryHits.keyOfRow = keyOfRow;
    queryHits.scores = scores.subarray(list * rows.length, (list + 1) * rows.length);
  });
}
