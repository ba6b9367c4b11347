/**
 * The pool: what is recommended before there is a history, and in addition to a short one. It has
 * the items of the highest priors or, without priors, items that represent the whole catalogue.
 */

import { type Catalogue, type CatalogueRows, rowsOf } from "../catalogue/catalogue.js";
import { factsOf } from "../catalogue/facts.js";
import type { Filter } from "../catalogue/filter.js";
import { withCore } from "../core/glue.js";
import { encodeProfileOptions } from "../core/options.js";
import { hasRow } from "../values/bitset.js";

/** Maximum number of items of a pool. */
const MAX_POOL_ITEMS = 1000;
/**
 * Numbers of groups into which the sample of a catalogue is clustered; their medoids come first.
 */
const DIVERSE_GROUPS = [5, 20, 100];
/** Maximum number of vector components of the sample: 16 MB. */
const MAX_SAMPLE_COMPONENTS = 4e6;

/** Items that do not depend on the history. */
export interface PoolItems {
  readonly from: "popular" | "diverse";
  /** Rows of the catalogue, best first. */
  readonly rows: readonly number[];
}

/** A pool, and its weight in the mixture, in [0, 1]: 0 for no pool. */
export interface Pool extends PoolItems {
  readonly weight: number;
}

export const NO_POOL: Pool = { weight: 0, from: "diverse", rows: [] };

/** The pools by the priors of a catalogue, which are another array after each change of items. */
const knownPools = new WeakMap<Float32Array, Map<boolean, PoolItems>>();

/** Whether an item of the catalogue has a prior above 0. */
export function hasPriors(catalogue: Catalogue | undefined): boolean {
  return catalogue !== undefined && rowsOf(catalogue).priors.length > 0;
}

/**
 * The pool of the items of a catalogue that meet the filter: by prior if the catalogue has priors
 * and `usePriors` is true. Without a filter it is computed once.
 */
export function poolOf(
  catalogue: Catalogue,
  usePriors: boolean,
  filter: Filter | undefined,
): PoolItems {
  const rows = rowsOf(catalogue);
  const isPopular = usePriors && rows.priors.length > 0;
  const compute = (): PoolItems => (isPopular ? popularPool : diversePool)(rows, filter);
  if (filter !== undefined) return compute();
  const pools = knownPools.get(rows.priors) ?? new Map<boolean, PoolItems>();
  knownPools.set(rows.priors, pools);
  const pool = pools.get(isPopular) ?? compute();
  pools.set(isPopular, pool);
  return pool;
}

/** The items of the highest priors; of equal priors the lowest row first. */
function popularPool(rows: CatalogueRows, filter: Filter | undefined): PoolItems {
  const { priors } = rows;
  const order = searchableRows(rows, filter).filter((row) => priors[row]! > 0);
  order.sort((a, b) => priors[b]! - priors[a]! || a - b);
  return { from: "popular", rows: withItems(rows, order) };
}

/**
 * Items that represent the whole catalogue: rows at equal distances are clustered by Ward into few
 * and then into more groups, and the medoids of each clustering follow those of the one before, the
 * largest group first. After the medoids come the other rows of the sample.
 */
function diversePool(rows: CatalogueRows, filter: Filter | undefined): PoolItems {
  const { dim } = rows.handle.with((core) => factsOf(core));
  const candidates = searchableRows(rows, filter);
  const sampleSize = Math.min(
    MAX_POOL_ITEMS,
    Math.ceil(MAX_SAMPLE_COMPONENTS / dim),
    candidates.length,
  );
  const sample = Uint32Array.from(
    { length: sampleSize },
    (_, index) => candidates[Math.floor((index * candidates.length) / sampleSize)]!,
  );
  const vectors = rows.handle.with((core) => core.vectors(sample));
  const order = new Set<number>();
  for (const count of DIVERSE_GROUPS) {
    const options = encodeProfileOptions({ cut: { count } }, undefined);
    const { labels, medoids } = withCore((core) => core.cluster(vectors, dim, undefined, options));
    const sizes = Array.from(medoids, () => 0);
    for (const label of labels) sizes[label]! += 1;
    const groups = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
    for (const group of groups) order.add(sample[medoids[group]!]!);
  }
  for (const row of sample) order.add(row);
  return { from: "diverse", rows: withItems(rows, order) };
}

/** The rows that a search with the filter can return, and those of removed items, ascending. */
function searchableRows({ handle, restrict }: CatalogueRows, filter: Filter | undefined): number[] {
  const { rows } = handle.with((core) => factsOf(core));
  const { allowed } = restrict({ filter });
  return Array.from({ length: rows }, (_, row) => row).filter((row) => hasRow(allowed, row));
}

/** The first of the rows that have items. */
function withItems({ handle }: CatalogueRows, rows: Iterable<number>): number[] {
  const foundRows: number[] = [];
  for (const row of rows) {
    if (foundRows.length === MAX_POOL_ITEMS) break;
    if (handle.with((core) => core.id(row)) !== undefined) foundRows.push(row);
  }
  return foundRows;
}
