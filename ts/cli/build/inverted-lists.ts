/**
 * Inverted lists (IVF) for large catalogues: k-means centres from a sample, and the number of lists
 * a search must probe, measured on the catalogue's own items.
 */
import { writeAttributes } from "../../catalogue/attributes.js";
import { Catalogue, catalogueOf, handleOf } from "../../catalogue/catalogue.js";
import { builderLike, selectRows } from "../../catalogue/change.js";
import type { Metric } from "../../catalogue/options.js";
import { selectPriors, writePriors } from "../../catalogue/priors.js";
import { ATTRIBUTES, bytesOf, CODES, LISTS, SCALES } from "../../catalogue/sections.js";
import { withCore } from "../../core/glue.js";
import { drawSample } from "../random.js";
import type { FileItem } from "../read/item-file.js";

/** `--lists auto` builds lists from this many items; below it a full scan is as fast. */
export const MIN_ITEMS_FOR_LISTS = 60_000;

/** Number of sampled rows per list from which k-means computes the centres. */
const SAMPLE_ROWS_PER_LIST = 48;
const KMEANS_ITERATIONS = 8;
/** Items used as queries to measure how many lists a search must probe. */
const MAX_TRIAL_QUERIES = 1000;
const NEIGHBOURS_PER_TRIAL = 10;
/** Recall that the number of probed lists must reach. */
const MIN_RECALL = 0.995;
/** Queries per call of searchMany. */
const QUERIES_PER_CALL = 256;

/**
 * The same items in round(sqrt(n)) lists. Closes the given catalogue; `items` are its items, in any
 * order. `onProgress` receives the finished share of the assignments, from 0 to 1.
 */
export async function buildLists(
  catalogue: Catalogue,
  items: readonly FileItem[],
  onProgress: (share: number) => void,
): Promise<Catalogue> {
  const listCount = Math.round(Math.sqrt(items.length));
  const metric: Metric = catalogue.metric === "l2" ? "l2" : "cosine";
  const vectors = items.map(([, vector]) => vector);
  const sampleSize = Math.min(listCount * SAMPLE_ROWS_PER_LIST, vectors.length);
  const totalAssignments = KMEANS_ITERATIONS * sampleSize + vectors.length;
  let assignedRows = 0;
  const onAssigned = (rows: number): void =>
    onProgress(Math.min(1, (assignedRows += rows) / totalAssignments));

  // Trial items are excluded from the k-means sample: on rows of the sample the lists are better
  // than on unseen queries.
  const trialCount = Math.min(MAX_TRIAL_QUERIES, Math.ceil(items.length / 10));
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
  const { probed, recall } = measureProbes(catalogue, listOf, centreIndex, trialItems);
  using flat = catalogue;
  return withLists(flat, lists, centreIndex, probed, recall);
}

/**
 * The items of `flat` sorted by list, with the LISTS section of docs/format.md: number of probes,
 * number of lists, recall (f32), zero, end offset of each list, scales and codes of the centres.
 */
function withLists(
  flat: Catalogue,
  lists: readonly (readonly string[])[],
  centreIndex: Catalogue,
  probed: number,
  recall: number,
): Catalogue {
  let end = 0;
  const ends = Uint32Array.from(lists, (list) => (end += list.length));
  const header = bytesOf(Uint32Array.of(probed, lists.length, 0, 0));
  new DataView(header.buffer).setFloat32(8, recall, true);
  const section = handleOf(centreIndex).with((core) =>
    Buffer.concat([header, bytesOf(ends), core.section(SCALES), core.section(CODES)]),
  );
  return catalogueOf(
    handleOf(flat).with((flatCore) =>
      withCore((core) => {
        const rows = Uint32Array.from(lists.flat(), (item) => flatCore.row(item));
        const builder = builderLike(core, flatCore);
        builder.take(flatCore, rows);
        const columns = selectRows(flatCore, rows);
        if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
        builder.section(LISTS, new Uint8Array(section));
        writePriors(builder, selectPriors(flatCore, rows));
        return builder.finish();
      }),
    ),
  );
}

/**
 * The smallest number of lists, nearest centres first, that contain MIN_RECALL of the trial items'
 * exact nearest neighbours, and the share they contain.
 */
function measureProbes(
  catalogue: Catalogue,
  listOf: ReadonlyMap<string, number>,
  centreIndex: Catalogue,
  trialItems: readonly string[],
): { probed: number; recall: number } {
  /** [r] is the number of neighbours in the list whose centre is the r-th nearest to the query. */
  const neighboursAtRank = new Array<number>(centreIndex.size).fill(0);
  let totalNeighbours = 0;
  for (const item of trialItems) {
    const vector = catalogue.vector(item)!;
    const centreHits = centreIndex.search(vector, { count: centreIndex.size });
    const rankOfList = new Map(centreHits.map((hit, rank) => [Number(hit.item), rank]));
    const exactSearch = { count: NEIGHBOURS_PER_TRIAL, exclude: [item], exact: true };
    for (const hit of catalogue.search(vector, exactSearch)) {
      neighboursAtRank[rankOfList.get(listOf.get(hit.item)!)!]! += 1;
      totalNeighbours += 1;
    }
  }
  let foundNeighbours = 0;
  const lastRank = neighboursAtRank.findIndex(
    (count) => (foundNeighbours += count) >= MIN_RECALL * totalNeighbours,
  );
  return {
    probed: lastRank + 1,
    recall: totalNeighbours > 0 ? foundNeighbours / totalNeighbours : 1,
  };
}

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
