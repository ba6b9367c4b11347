/** The catalogue that is searched by ranges. */
import { toUnit } from "../../core/matrix.js";
import { SageError } from "../../errors.js";
import type { ItemId, VectorLike } from "../../item.js";
import { type Hit, NOT_SENT, type Outbound, type Query, type Retriever } from "../../retriever.js";
import { hasRow } from "../../values/bitset.js";
import {
  checkAbort,
  checkFinite,
  checkInteger,
  checkItemId,
  checkItemIds,
  checkVector,
  inspect,
  isItemId,
} from "../../values/check.js";
import { checkVectorQueries } from "../../values/queries.js";
import { readAttributes } from "../attributes.js";
import { evaluateFilter, type Filter, type FilterColumns } from "../filter.js";
import { BlockReader } from "./blocks.js";
import type { PartCache } from "./cache.js";
import { type CountedQuery, checkItemOptions, checkSearch } from "./check-search.js";
import { corrupt } from "./format.js";
import { type Budget, joinRuns, type PlanningData, planQuery } from "./plan.js";
import { type ResidentPart, readAttributeBytes } from "./resident.js";
import { BestRows, decodeRow, scoreBlock } from "./score.js";
import { type Shared, shareLoad } from "./share.js";
import type { RangeSource, ReadTraffic } from "./source.js";
import type { RangedCatalogue, RangedSearchOptions, RangedTraffic } from "./types.js";

/** Largest `count` and largest `offset` of a search. */
const MAX_COUNT = 100_000;

/** The parts from which `createRanged` makes a catalogue. */
export interface RangedParts {
  readonly source: RangeSource;
  /** Where the bytes come from, whole. The name of the source is for messages. */
  readonly address: string;
  readonly resident: ResidentPart;
  readonly cache: PartCache;
  readonly budget: Budget;
  readonly traffic: ReadTraffic;
}

/** Makes the catalogue of a file whose resident part is loaded. */
export function createRanged(parts: RangedParts): RangedCatalogue {
  const { source, address, cache, budget, traffic } = parts;
  const { head, table } = parts.resident;
  const { dim, metric } = head;
  const { space } = parts.resident;
  let resident: ResidentPart | undefined = parts.resident;
  let reader: BlockReader | undefined = new BlockReader(source, head, table, cache);
  let columns: Shared<FilterColumns> | undefined = shareLoad(loadColumns);

  function openParts(): { resident: ResidentPart; reader: BlockReader } {
    if (!resident || !reader)
      throw new SageError("closed", "This catalogue was closed: open it again with openRanged.");
    return { resident, reader };
  }

  function rowOf(item: ItemId): number {
    const { ids } = openParts().resident;
    if (typeof item !== "string") checkItemId("catalogue", item);
    return isItemId(item) ? ids.rowOf(item) : -1;
  }

  function blockOf(row: number): number {
    const { ends } = openParts().resident.table;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! > row) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  async function loadColumns(signal: AbortSignal): Promise<FilterColumns> {
    const bytes = await readAttributeBytes(openParts().resident, source, cache, { signal });
    // Column values are read in place, so the section begins at a multiple of 8 bytes.
    return { rows: head.rows, columns: readAttributes(bytes.slice(), head.rows) };
  }

  /** The rows that may be hits; undefined if all rows may. */
  async function allowedRowFilter({ exclude = [], filter, signal }: RangedSearchOptions) {
    const { removed } = openParts().resident;
    const excluded = new Set(
      checkItemIds("search: exclude", exclude)
        .map(rowOf)
        .filter((row) => row >= 0),
    );
    let allowedWords: Uint32Array | undefined;
    if (filter !== undefined) {
      allowedWords = evaluateFilter(await columns!(signal), filter);
    }
    if (removed.length === 0 && excluded.size === 0 && !allowedWords) return undefined;
    return (row: number): boolean =>
      !excluded.has(row) && hasRow(allowedWords, row) && !hasRow(removed, row);
  }

  function planningDataFor(isAllowed: PlanningData["isAllowed"]): PlanningData {
    const { table, values } = openParts().resident;
    const requestsPerRun = openParts().reader.rangesOf({ first: 0, last: 0 }).length;
    return {
      table,
      norms: values.norms,
      rowBytes: dim * requestsPerRun,
      requestsPerRun,
      isAllowed,
      isCached: (block) => cache.has(`block-${block}`),
    };
  }

  /** The vector as scores use it: of unit length for cosines. */
  const prepare = (vector: Float32Array): Float32Array =>
    metric === "cosine" ? toUnit(vector) : vector;

  async function searchQueries(
    queries: readonly CountedQuery[],
    options: RangedSearchOptions,
  ): Promise<Hit[][]> {
    const { exact = false, damaged = "error", minScore, offset = 0, signal } = options;
    if (minScore !== undefined) checkFinite("search: minScore", minScore);
    checkAbort(signal);
    const isAllowed = await allowedRowFilter(options);
    const vectors = queries.map(({ vector }) => prepare(vector));
    const best = queries.map(({ count }) => new BestRows(count));
    const { reader, resident } = openParts();
    // Each query scores all read blocks: those read for other queries cost no request.
    const visit = (block: number, bytes: Uint8Array): void => {
      const rows = reader.rowsOf(block);
      vectors.forEach((vector, query) => {
        const scores = scoreBlock(bytes, vector, rows, head, resident.values);
        scores.forEach((score, index) => {
          if (minScore !== undefined && score < minScore) return;
          if (!isAllowed || isAllowed(rows[0] + index)) best[query]!.add(rows[0] + index, score);
        });
      });
    };
    const readOptions = { signal, skipDamaged: damaged === "skip" };
    if (head.rows > 0 && queries.length > 0) {
      if (exact) await reader.scan(visit, readOptions);
      else {
        const planned = planningDataFor(isAllowed);
        const plans = vectors.map((vector, query) =>
          planQuery(vector, queries[query]!.count, planned, budget),
        );
        const plannedBlocks = [...new Set(plans.flat())].sort((a, b) => a - b);
        const maxRequests = budget.requests * queries.length;
        for (const [block, bytes] of await reader.read(plannedBlocks, maxRequests, readOptions))
          visit(block, bytes);
      }
    }
    checkAbort(signal);
    openParts();
    return best.map((rows) =>
      rows
        .sorted()
        .slice(offset)
        .map(({ row, score }) => ({
          item: resident.ids.idOf(row),
          score,
          ...(resident.priors.length > 0 && { prior: resident.priors[row]! }),
        })),
    );
  }

  async function searchMany(
    vectors: readonly VectorLike[],
    options: RangedSearchOptions = {},
  ): Promise<Hit[][]> {
    checkSearch(vectors, options);
    const count = checkInteger("search: count", options.count ?? 20, 1, MAX_COUNT);
    const offset = checkInteger("search: offset", options.offset ?? 0, 0, MAX_COUNT);
    openParts();
    const queries = Array.from(vectors, (vector, index) => ({
      vector: checkVector(`search: query ${index}`, vector, dim),
      count: offset + count,
    }));
    return searchQueries(queries, options);
  }

  async function vectorsOf(
    items: readonly ItemId[],
    signal?: AbortSignal,
  ): Promise<(Float32Array | undefined)[]> {
    checkAbort(signal);
    const { reader, resident } = openParts();
    const rows = checkItemIds("vectors", items).map(rowOf);
    const blocksOfRows = [...new Set(rows.filter((row) => row >= 0).map(blockOf))].sort(
      (a, b) => a - b,
    );
    // A request for each run of blocks: joined across gaps, they could span the whole file.
    const blocks = await reader.read(blocksOfRows, Infinity, { signal, skipDamaged: false });
    return rows.map((row) => {
      if (row < 0) return undefined;
      const block = blockOf(row);
      const range = reader.rowsOf(block);
      return decodeRow(blocks.get(block)!, row - range[0], range, dim, resident.values);
    });
  }

  /** The requests that a search by these queries would send now; sends nothing. */
  function outbound(queries: readonly Query[]): Outbound[] {
    const planned = planningDataFor(liveRowFilter(openParts().resident.removed));
    const plans = checkVectorQueries("preview", queries, dim).map(({ vector, count }) =>
      planQuery(prepare(vector), count, planned, budget),
    );
    const missingBlocks = [...new Set(plans.flat())]
      .filter((block) => !planned.isCached(block))
      .sort((a, b) => a - b);
    return joinRuns(missingBlocks, planned, budget.requests * queries.length).flatMap((run) =>
      openParts()
        .reader.rangesOf(run)
        .map(({ offset, length }) => ({
          to: address,
          bytes: new TextEncoder().encode(`range: bytes=${offset}-${offset + length - 1}`),
          says:
            `A request for ${length} bytes of the file: the vectors of items near the history. ` +
            `${NOT_SENT}.`,
        })),
    );
  }

  function createRetriever(filter?: Filter): Retriever {
    const retriever: Retriever = async (queries, signal) =>
      searchQueries(checkVectorQueries("retriever", queries, dim), {
        ...(filter !== undefined && { filter }),
        ...(signal && { signal }),
      });
    retriever.space = space;
    retriever.outbound = outbound;
    // Requests contain ranges, no vectors.
    retriever.hidesQueries = true;
    retriever.withFilter = createRetriever;
    return retriever;
  }

  return {
    mode: "ranges",
    dim,
    space,
    metric,
    spread: head.spread,
    hash: head.hash,
    size: parts.resident.size,
    blocks: table.count,
    get damagedBlocks() {
      return [...(reader?.damaged ?? [])].sort((a, b) => a - b);
    },
    get byteLength() {
      return resident ? resident.byteLength + cache.bytes : 0;
    },
    get traffic(): RangedTraffic {
      return { ...traffic, cachedBlocks: reader?.cachedBlocks ?? 0, cache: cache.state };
    },
    has: (item) => rowOf(item) >= 0,
    search: async (vector, options) => (await searchMany([vector], options))[0]!,
    searchMany,
    async vector(item, options = {}) {
      checkItemOptions("vector", options);
      return (await vectorsOf([item], options.signal))[0];
    },
    async payload(item, options = {}) {
      checkItemOptions("payload", options);
      const row = rowOf(item);
      if (row < 0) return undefined;
      const text = await openParts().reader.payload(row, blockOf(row), options.signal);
      if (!text) return undefined;
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw corrupt(
          `${source.name}: the payload of ${inspect(item)}`,
          `it is not JSON: ${cause}`,
        );
      }
    },
    prior(item) {
      const row = rowOf(item);
      return row < 0 ? undefined : (openParts().resident.priors[row] ?? 0);
    },
    retriever: createRetriever(),
    vectors: (items) => vectorsOf(items),
    close() {
      resident = undefined;
      reader = undefined;
      columns = undefined;
      cache.close();
    },
  };
}

/** The rows that are not removed; undefined if none is. */
function liveRowFilter(removed: Uint32Array): ((row: number) => boolean) | undefined {
  if (removed.length === 0) return undefined;
  return (row) => !hasRow(removed, row);
}
