/**
 * Inverted lists (IVF) for large catalogues: k-means centres from a sample, and the lists a search
 * must probe, measured on the catalogue's own items and on averages of them.
 */
import { Catalogue, handleOf } from "../../catalogue/catalogue.js";
import type { Metric } from "../../catalogue/options.js";
import { selectPriors, writePriors } from "../../catalogue/priors.js";
import { bytesOf, CODES, LISTS, SCALES } from "../../catalogue/sections.js";
import { drawSample } from "../random.js";
import type { FileItem } from "../read/item-file.js";
import { rebuild } from "./rebuild.js";

/** `--lists auto` considers lists from this many items on; below it a full scan is as fast. */
export const MIN_ITEMS_FOR_LISTS = 20_000;
/** `--lists auto` writes no lists if a search would scan more than this share of the items. */
export const MAX_SCANNED_SHARE = 0.5;

/** Factor k of the number of lists, k sqrt(n) for n items. */
const LISTS_PER_ROOT = 4;
const MIN_ITEMS_PER_LIST = 32;
/** Each query scores all centres, so more lists cost more than they save. */
const MAX_LISTS = 2048;

/** Number of sampled rows per list from which k-means computes the centres. */
const SAMPLE_ROWS_PER_LIST = 48;
const KMEANS_ITERATIONS = 8;
/** Items that are queries, alone and as averages, to measure which lists a search must probe. */
const MAX_TRIAL_ITEMS = 500;
/** Items per average. The neighbours of an average of unlike items are in many lists. */
const ITEMS_PER_AVERAGE = 5;
const NEIGHBOURS_PER_TRIAL = 10;
/** Recall that the probed lists must reach, for items and for averages. */
const MIN_RECALL = 0.995;
/** Queries per call of searchMany. */
const QUERIES_PER_CALL = 256;

/**
 * The same items in about 4 sqrt(n) lists. Closes the given catalogue; `items` are its items, in
 * any order. Returns the given catalogue if a search would scan more than `maxShare` of the items.
 * `onProgress` receives the finished share of the assignments, from 0 to 1.
 */
export async function buildLists(
  catalogue: Catalogue,
  items: readonly FileItem[],
  onProgress: (share: number) => void,
  maxShare = 1,
): Promise<Catalogue> {
  const listCount = countLists(items.length);
  const metric: Metric = catalogue.metric === "l2" ? "l2" : "cosine";
  const vectors = items.map(([, vector]) => vector);
  const sampleSize = Math.min(listCount * SAMPLE_ROWS_PER_LIST, vectors.length);
  const totalAssignments = KMEANS_ITERATIONS * sampleSize + vectors.length;
  let assignedRows = 0;
  const onAssigned = (rows: number): void => {
    assignedRows += rows;
    onProgress(Math.min(1, assignedRows / totalAssignments));
  };

  // Trial items are excluded from the k-means sample: on rows of the sample the lists are better
  // than on unseen queries.
  const trialCount = Math.min(MAX_TRIAL_ITEMS, Math.ceil(items.length / 10));
  const drawnItems = drawSample(items, trialCount + listCount * SAMPLE_ROWS_PER_LIST);
  const trialItems = drawnItems.slice(0, trialCount).map(([item]) => item);
  const sample = drawnItems.slice(trialCount).map(([, vector]) => vector);
  let centres = sample.slice(0, listCount);
  for (let iteration = 0; iteration < KMEANS_ITERATIONS; iteration += 1) {
    using centreIndex = await indexCentres(centres, metric);
    centres = meanVectors(sample, nearestCentres(centreIndex, sample, onAssigned), centres);
  }
  using centreIndex = await indexCentres(centres, metric);
  const assignment = nearestCentres(centreIndex, vectors, onAssigned);
  const lists = centres.map((): string[] => []);
  items.forEach(([item], index) => lists[assignment[index]!]!.push(item));
  const listOf = new Map(items.map(([item], index) => [item, assignment[index]!]));
  const rule = measureProbing(catalogue, lists, listOf, centreIndex, trialItems);
  if (rule.scannedShare > maxShare) return catalogue;
  return withLists(catalogue, lists, centreIndex, rule);
}

function countLists(n: number): number {
  const count = Math.min(LISTS_PER_ROOT * Math.sqrt(n), n / MIN_ITEMS_PER_LIST, MAX_LISTS);
  return Math.max(1, Math.round(count));
}

/**
 * The items of `flat` sorted by list, with the LISTS section of docs/format.md: number of probes,
 * number of lists, recall and margin (f32), end offset of each list, scales and codes of the
 * centres. Closes `flat`.
 */
function withLists(
  flat: Catalogue,
  lists: readonly (readonly string[])[],
  centreIndex: Catalogue,
  { probed, recall, margin }: Probing,
): Catalogue {
  const ends = new Uint32Array(lists.length);
  lists.forEach((list, index) => {
    ends[index] = (ends[index - 1] ?? 0) + list.length;
  });
  const header = bytesOf(Uint32Array.of(probed, lists.length, 0, 0));
  const view = new DataView(header.buffer);
  view.setFloat32(8, recall, true);
  view.setFloat32(12, margin, true);
  const section = handleOf(centreIndex).with((core) =>
    Buffer.concat([header, bytesOf(ends), core.section(SCALES), core.section(CODES)]),
  );
  return rebuild(
    flat,
    (core) => Uint32Array.from(lists.flat(), (item) => core.row(item)),
    (builder, old, rows) => {
      builder.section(LISTS, new Uint8Array(section));
      writePriors(builder, selectPriors(old, rows));
    },
  );
}

/** Which lists a search probes, and what they contain. */
interface Probing {
  /** The least number of lists. */
  readonly probed: number;
  /** Lists whose centre scores at most this much below the best centre are probed, too. */
  readonly margin: number;
  /** Share of the exact nearest neighbours of the trial queries in the probed lists. */
  readonly recall: number;
  /** Share of the items in the probed lists, mean over the trial queries. */
  readonly scannedShare: number;
}

/** The lists of a trial query, nearest centre first, and those of its exact nearest neighbours. */
interface Trial {
  readonly listOrder: readonly number[];
  /** For each list in `listOrder`: score of the first list minus score of this list. */
  readonly gaps: readonly number[];
  /** For each neighbour the place of its list in `listOrder`. */
  readonly places: readonly number[];
}

/**
 * The smallest number of lists that contains MIN_RECALL of the neighbours of items, and the
 * smallest margin that contains as many of those of items and of those of averages. A number of
 * lists does not suffice: an item's neighbours are in few, those of an average in many.
 */
function measureProbing(
  catalogue: Catalogue,
  lists: readonly (readonly string[])[],
  listOf: ReadonlyMap<string, number>,
  centreIndex: Catalogue,
  trialItems: readonly string[],
): Probing {
  const trialOf = (query: Float32Array, exclude: readonly string[]): Trial => {
    const centreHits = centreIndex.search(query, { count: centreIndex.size });
    const listOrder = centreHits.map((hit) => Number(hit.item));
    const placeOf = new Map(listOrder.map((list, place) => [list, place]));
    const exactSearch = { count: NEIGHBOURS_PER_TRIAL, exclude, exact: true };
    return {
      listOrder,
      gaps: centreHits.map((hit) => centreHits[0]!.score - hit.score),
      places: catalogue
        .search(query, exactSearch)
        .map((hit) => placeOf.get(listOf.get(hit.item)!)!),
    };
  };
  const vectors = trialItems.map((item) => catalogue.vector(item)!);
  const ofItems = vectors.map((vector, index) => trialOf(vector, [trialItems[index]!]));
  const ofAverages = vectors.map((_, index) => trialOf(averageFrom(vectors, index), []));
  const placesOf = (trials: readonly Trial[]) => trials.flatMap(({ places }) => places);
  const gapsOf = (trials: readonly Trial[]) =>
    trials.flatMap(({ places, gaps }) => places.map((place) => gaps[place]!));
  const probed = 1 + quantile(placesOf(ofItems), MIN_RECALL);
  const largestGap = Math.max(
    quantile(gapsOf(ofItems), MIN_RECALL),
    quantile(gapsOf(ofAverages), MIN_RECALL),
  );
  // Rounded up: a search reads the margin as f32.
  const margin = Math.fround(1.000_001 * largestGap);

  const trials = [...ofItems, ...ofAverages];
  const probedCountOf = ({ gaps }: Trial): number =>
    Math.max(probed, gaps.filter((gap) => gap <= margin).length);
  const scannedOf = (trial: Trial): number =>
    sum(trial.listOrder.slice(0, probedCountOf(trial)).map((list) => lists[list]!.length));
  const foundOf = (trial: Trial): number =>
    trial.places.filter((place) => place < probedCountOf(trial)).length;
  const neighbourCount = placesOf(trials).length;
  return {
    probed,
    margin,
    recall: neighbourCount > 0 ? sum(trials.map(foundOf)) / neighbourCount : 1,
    scannedShare: sum(trials.map(scannedOf)) / (trials.length * catalogue.size),
  };
}

/** The average of ITEMS_PER_AVERAGE vectors from `index` on; after the last follows the first. */
function averageFrom(vectors: readonly Float32Array[], index: number): Float32Array {
  const members = Array.from(
    { length: ITEMS_PER_AVERAGE },
    (_, step) => vectors[(index + step) % vectors.length]!,
  );
  return vectors[index]!.map(
    (_, axis) => sum(members.map((member) => member[axis]!)) / ITEMS_PER_AVERAGE,
  );
}

/** The smallest value that at least `share` of the values do not exceed; 0 without values. */
function quantile(values: readonly number[], share: number): number {
  const ascending = values.toSorted((a, b) => a - b);
  return ascending[Math.ceil(share * ascending.length) - 1] ?? 0;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** A catalogue of the centres; the id of each is its list number. */
async function indexCentres(centres: readonly Float32Array[], metric: Metric): Promise<Catalogue> {
  const items = centres.map((centre, list): FileItem => [String(list), centre]);
  return Catalogue.from(items, { dim: centres[0]!.length, metric, precision: "compact" });
}

/** The list number of the centre nearest to each vector. */
function nearestCentres(
  centreIndex: Catalogue,
  vectors: readonly Float32Array[],
  onAssigned: (rows: number) => void,
): Uint32Array {
  const assignment = new Uint32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += QUERIES_PER_CALL) {
    const batch = vectors.slice(start, start + QUERIES_PER_CALL);
    centreIndex
      .searchMany(batch, { count: 1 })
      .forEach(([hit], index) => (assignment[start + index] = Number(hit!.item)));
    onAssigned(batch.length);
  }
  return assignment;
}

/** The mean of the vectors assigned to each centre; a centre without vectors stays as it is. */
function meanVectors(
  vectors: readonly Float32Array[],
  assignment: Uint32Array,
  centres: readonly Float32Array[],
): Float32Array[] {
  const sums = centres.map((centre) => new Float64Array(centre.length));
  const memberCounts = centres.map(() => 0);
  vectors.forEach((vector, row) => {
    const list = assignment[row]!;
    const sum = sums[list]!;
    memberCounts[list]! += 1;
    for (let axis = 0; axis < vector.length; axis += 1) sum[axis]! += vector[axis]!;
  });
  return centres.map((centre, list) =>
    memberCounts[list]! > 0
      ? Float32Array.from(sums[list]!, (sum) => sum / memberCounts[list]!)
      : centre,
  );
}
