/** The interface of a ranged catalogue over one that is in memory as a whole. */
import type { VectorLike } from "../../item.js";
import type { Hit, Retriever } from "../../retriever.js";
import { checkAbort, checkItemIds } from "../../values/check.js";
import { checkVectorQueries } from "../../values/queries.js";
import type { Catalogue } from "../catalogue.js";
import type { Filter } from "../filter.js";
import type { SearchOptions } from "../options.js";
import { checkItemOptions, checkSearch } from "./check-search.js";
import type { ReadTraffic } from "./source.js";
import type { RangedCatalogue, RangedSearchOptions } from "./types.js";

/** Takes ownership of the catalogue. `traffic` is that of its download. */
export function wholeCatalogue(catalogue: Catalogue, traffic: ReadTraffic): RangedCatalogue {
  const { size, dim, metric, space, spread, hash } = catalogue;
  let isClosed = false;

  async function searchMany(
    vectors: readonly VectorLike[],
    options: RangedSearchOptions = {},
  ): Promise<Hit[][]> {
    checkSearch(vectors, options);
    const { signal, damaged: _, ...searchOptions } = options;
    checkAbort(signal);
    return catalogue.searchMany(vectors, { ...searchOptions, variants: true } as SearchOptions);
  }

  function createRetriever(filter?: Filter): Retriever {
    const retriever: Retriever = async (queries, signal) => {
      checkAbort(signal);
      return checkVectorQueries("retriever", queries, dim).map(({ vector, count }) =>
        catalogue.search(vector, { count, variants: true, ...(filter && { filter }) }),
      );
    };
    // Nothing leaves the device.
    retriever.outbound = () => [];
    retriever.space = space;
    retriever.withFilter = createRetriever;
    return retriever;
  }

  return {
    mode: "whole",
    size,
    dim,
    metric,
    space,
    spread,
    hash,
    blocks: 0,
    damagedBlocks: [],
    get byteLength() {
      return isClosed ? 0 : traffic.bytes;
    },
    get traffic() {
      return { ...traffic, cachedBlocks: 0, cache: "off" as const };
    },
    has: (item) => catalogue.has(item),
    search: async (vector, options) => (await searchMany([vector], options))[0]!,
    searchMany,
    async vector(item, options = {}) {
      checkItemOptions("vector", options);
      return catalogue.vector(item);
    },
    async payload(item, options = {}) {
      checkItemOptions("payload", options);
      return catalogue.payload(item);
    },
    prior: (item) => catalogue.prior(item),
    retriever: createRetriever(),
    vectors: async (items) => checkItemIds("vectors", items).map((item) => catalogue.vector(item)),
    close() {
      isClosed = true;
      catalogue.close();
    },
  };
}
