/** Lists for large catalogues: k-means on a sample, and how many lists a search must look into, measured on the catalogue's own items. */

import { writeAttributes } from "../../catalogue/attributes.js";
import {
  Catalogue,
  type CatalogueItem,
  catalogueOf,
  handleOf,
  type Metric,
} from "../../catalogue/catalogue.js";
import { builderLike, readColumns, selectRows } from "../../catalogue/change.js";
import { ATTRIBUTES, bytesOf, CODES, LISTS, SCALES } from "../../catalogue/sections.js";
import { withCore } from "../../core/glue.js";

/** Items that are worth lists: below, looking at all of them is as fast, and exact. */
export const MIN_ITEMS_FOR_LISTS = 60_000;

/** Rows per list that k-means looks at, and its rounds. */
const SAMPLE = 48;
const ROUNDS = 8;
/** Items whose neighbours are looked for, how many neighbours, and the share of them that must be found. */
const TRIALS = 1000;
const NEIGHBOURS = 10;
const WANTED = 0.995;
/** Queries handed over at once. */
const BATCH = 256;

/** The items in about sqrt(n) lists; the given catalogue is closed. `at` is told how far it is, from 0 to 1. */
export async function buildLists(
  catalogue: Catalogue,
  items: readonly CatalogueItem[],
  at: (share: number) => void,
): Promise<Catalogue> {
  const count = Math.round(Math.sqrt(items.length));
  const metric: Metric = catalogue.metric === "l2" ? "l2" : "cosine";
  const vectors = items.map(([, vector]) => vector);
  const work = ROUNDS * Math.min(count * SAMPLE, vectors.length) + vectors.length;
  let done = 0;
  const progress = (rows: number): void => at(Math.min(1, (done += rows) / work));

  // Those that are tried are none of those that the lists are made of: on them, lists do better than on a query.
  const tried = Math.min(TRIALS, Math.ceil(items.length / 10));
  const drawn = draw(items, tried + count * SAMPLE);
  const trials = drawn.slice(0, tried).map(([item]) => item);
  const sample = drawn.slice(tried).map(([, vector]) => vector);
  let centres = sample.slice(0, count);
  for (let round = 0; round < ROUNDS; round += 1) {
    using index = await indexOf(centres, metric);
    centres = means(sample, nearest(index, sample, progress), centres);
  }
  using index = await indexOf(centres, metric);
  const lists = centres.map((): string[] => []);
  const listOf = nearest(index, vectors, progress);
  items.forEach(([item], row) => lists[listOf[row]!]!.push(item));
  const { probed, recall } = measure(
    catalogue,
    new Map(items.map(([item], row) => [item, listOf[row]!])),
    index,
    trials,
  );
  using flat = catalogue;
  return inLists(flat, lists, index, probed, recall);
}

/** The same items list by list, and the section that says so: probes, number of lists, recall, zero, ends, centres. */
export function inLists(
  flat: Catalogue,
  lists: readonly (readonly string[])[],
  centres: Catalogue,
  probed: number,
  recall: number,
): Catalogue {
  const [old, others] = [handleOf(flat), handleOf(centres)];
  let end = 0;
  const ends = Uint32Array.from(lists, (list) => (end += list.length));
  const head = bytesOf(Uint32Array.of(probed, lists.length, 0, 0));
  new DataView(head.buffer).setFloat32(8, recall, true);
  const [scales, codes] = others.with((core) => [core.section(SCALES), core.section(CODES)]);
  const section = Buffer.concat([head, bytesOf(ends), scales!, codes!]);
  return catalogueOf(
    old.with((here) =>
      withCore((core) => {
        const rows = Uint32Array.from(lists.flat(), (item) => here.row(item));
        const builder = builderLike(core, here);
        builder.take(here, rows);
        const columns = selectRows(readColumns(here), rows);
        if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
        builder.section(LISTS, new Uint8Array(section));
        return builder.finish();
      }),
    ),
  );
}

/** The least number of lists in which the neighbours of these items are, and the share of neighbours found so. */
function measure(
  catalogue: Catalogue,
  listOf: ReadonlyMap<string, number>,
  index: Catalogue,
  trials: readonly string[],
): { probed: number; recall: number } {
  const needed = new Array<number>(index.size).fill(0);
  let total = 0;
  for (const item of trials) {
    const vector = catalogue.vector(item)!;
    const ranks = new Map(
      index.search(vector, { count: index.size }).map((hit, rank) => [Number(hit.item), rank]),
    );
    for (const hit of catalogue.search(vector, {
      count: NEIGHBOURS,
      exclude: [item],
      exact: true,
    })) {
      needed[ranks.get(listOf.get(hit.item)!)!]! += 1;
      total += 1;
    }
  }
  let found = 0;
  const probed = needed.findIndex((here) => (found += here) >= WANTED * total) + 1;
  return { probed, recall: total > 0 ? found / total : 1 };
}

async function indexOf(centres: readonly Float32Array[], metric: Metric): Promise<Catalogue> {
  const items = centres.map((centre, list): CatalogueItem => [String(list), centre]);
  return Catalogue.from(items, { dim: centres[0]!.length, metric, precision: "compact" });
}

/** The nearest centre of each vector. */
function nearest(
  index: Catalogue,
  vectors: readonly Float32Array[],
  progress: (rows: number) => void,
): Uint32Array {
  const lists = new Uint32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += BATCH) {
    const batch = vectors.slice(start, start + BATCH);
    index
      .searchMany(batch, { count: 1 })
      .forEach(([hit], row) => (lists[start + row] = Number(hit!.item)));
    progress(batch.length);
  }
  return lists;
}

/** The mean of each list; an empty list keeps its centre. */
function means(
  vectors: readonly Float32Array[],
  lists: Uint32Array,
  centres: readonly Float32Array[],
): Float32Array[] {
  const sums = centres.map((centre) => new Float64Array(centre.length));
  const sizes = centres.map(() => 0);
  vectors.forEach((vector, row) => {
    const sum = sums[lists[row]!]!;
    sizes[lists[row]!]! += 1;
    for (let axis = 0; axis < vector.length; axis += 1) sum[axis]! += vector[axis]!;
  });
  return centres.map((centre, list) =>
    sizes[list]! > 0 ? Float32Array.from(sums[list]!, (sum) => sum / sizes[list]!) : centre,
  );
}

/** Some of these, always the same: a Fisher-Yates shuffle by a fixed generator (mulberry32). */
export function draw<T>(from: readonly T[], count: number): T[] {
  const all = [...from];
  let state = 1;
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
  for (let place = 0; place < Math.min(count, all.length); place += 1) {
    const other = place + below(all.length - place);
    [all[place], all[other]] = [all[other]!, all[place]!];
  }
  return all.slice(0, count);
}
