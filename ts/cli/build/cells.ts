/**
 * A catalogue in cells (docs/cells.md): balanced spherical k-means. Each cell holds at most
 * ceil(n / K) items, so that cells of equal size have little padding.
 *
 * Balance comes from deferred acceptance (Gale and Shapley): an item proposes to its nearest centre
 * first, and a full cell keeps the items nearest to its centre. Equal input gives equal bytes.
 */
import { Catalogue } from "../../catalogue/catalogue.js";
import { sha256 } from "../../privacy/cells/digest.js";
import {
  CELL_ALIGNMENT,
  CELL_HASH_BYTES,
  type CellItem,
  type CellManifest,
  cellLength,
  encodeCell,
  encodeCodebook,
  encodeManifest,
  fileNames,
  hashCell,
  MAX_CELL_BYTES,
  quantize,
} from "../../privacy/cells/format.js";
import { toHex } from "../../values/bytes.js";
import { InputError } from "../command-error.js";
import { drawSample } from "../random.js";
import type { FileItem } from "../read/item-file.js";

const KMEANS_ITERATIONS = 8;
const BALANCED_ITERATIONS = 3;
/** Sampled items per cell from which k-means computes the centres. */
const SAMPLE_ITEMS_PER_CELL = 48;
/** Nearest centres to which an item proposes; if all are full, it goes to the nearest other one. */
const MAX_PROPOSALS = 32;
/** Queries per call of searchMany. */
const QUERIES_PER_CALL = 256;
/** Largest shard file: Cloudflare's limit for a static file is 25 MiB. */
const MAX_SHARD_BYTES = 24 << 20;

/** A file of the output; `name` is relative to the folder of the manifest. */
export interface CellFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What `pocketsage build --cells` reports. */
export interface CellReport {
  cells: number;
  cellBytes: number;
  /** Largest and smallest number of items in a cell. */
  mostItems: number;
  leastItems: number;
  /** Share of the cells' bytes that is padding. */
  padding: number;
  codebook: string;
}

/** Options of {@link buildCells}. */
export interface CellOptions {
  /** Number of cells, K. */
  readonly cells: number;
  /** Fields of payloads that the cells carry. */
  readonly payloadFields: readonly string[];
  /** Name of the vector space of the items. */
  readonly space?: string | undefined;
  readonly onProgress: (share: number) => void;
}

/** Divides the items into cells and encodes them. Throws an InputError if they do not fit. */
export async function buildCells(
  items: readonly FileItem[],
  dim: number,
  { cells, payloadFields, space, onProgress }: CellOptions,
): Promise<{ files: CellFile[]; report: CellReport }> {
  if (items.length < cells)
    throw new InputError(`--cells: ${cells} cells for ${items.length} items: use fewer cells`);
  const vectors = items.map(([, vector]) => toUnit(vector));
  const centres = await computeCentres(vectors, cells, dim, onProgress);
  const { assignment, centres: finalCentres } = await balance(vectors, centres, dim, onProgress);

  const members = Array.from({ length: cells }, (): CellItem[] => []);
  items.forEach(([item, , payload], row) => {
    const json = selectFields(payload, payloadFields);
    members[assignment[row]!]!.push({ item, codes: quantize(vectors[row]!), payload: json });
  });
  const lengths = members.map((cell) => cellLength(dim, cell));
  const longestCell = lengths.reduce((max, length) => Math.max(max, length), 0);
  const cellBytes = Math.ceil(longestCell / CELL_ALIGNMENT) * CELL_ALIGNMENT;
  if (cellBytes > MAX_CELL_BYTES)
    throw new InputError(`--cells: a cell has ${cellBytes} bytes: use more cells, or less payload`);

  const encodedCells = members.map((cell) => encodeCell(dim, cell, cellBytes));
  const hashes = new Uint8Array(cells * CELL_HASH_BYTES);
  for (const [cell, bytes] of encodedCells.entries())
    hashes.set(await hashCell(bytes), cell * CELL_HASH_BYTES);
  const codes = new Int8Array(cells * dim);
  finalCentres.forEach((centre, cell) => codes.set(quantize(centre), cell * dim));
  const sizes = members.map(({ length }) => length);
  const slots = Math.max(...sizes);
  const commonFields = { cells, dim, items: items.length, cellBytes };
  const codebook = encodeCodebook({ ...commonFields, slots, centres: codes, hashes });
  // A shard begins with a whole byte of a bit vector; 8 cells always fit.
  const fittingCells = Math.floor(MAX_SHARD_BYTES / cellBytes);
  const shardCells = fittingCells >= cells ? cells : Math.floor(fittingCells / 8) * 8;
  const manifest = { ...commonFields, codebook: toHex(await sha256(codebook)), shardCells, space };
  return {
    files: filesOf(manifest, codebook, encodedCells),
    report: {
      cells,
      cellBytes,
      mostItems: slots,
      leastItems: Math.min(...sizes),
      padding: 1 - lengths.reduce((sum, length) => sum + length, 0) / (cells * cellBytes),
      codebook: manifest.codebook,
    },
  };
}

/** The files, the manifest last: a reader that finds it finds all others. */
function filesOf(
  manifest: CellManifest,
  codebook: Uint8Array,
  encodedCells: readonly Uint8Array[],
): CellFile[] {
  const { cells, shardCells, cellBytes } = manifest;
  const files: CellFile[] = encodedCells.map((bytes, cell) => ({
    name: fileNames.cell(manifest, cell),
    bytes,
  }));
  for (let start = 0; start < cells; start += shardCells) {
    const shard = encodedCells.slice(start, start + shardCells);
    const bytes = new Uint8Array(shard.length * cellBytes);
    shard.forEach((cell, index) => bytes.set(cell, index * cellBytes));
    files.push({ name: fileNames.shard(manifest, start / shardCells), bytes });
  }
  files.push({ name: fileNames.codebook(manifest), bytes: codebook });
  const text = new TextEncoder().encode(encodeManifest(manifest));
  return [...files, { name: fileNames.manifest, bytes: text }];
}

/** The chosen fields of a payload as JSON; undefined if it has none of them. */
function selectFields(payload: unknown, fields: readonly string[]): string | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const chosenFields = Object.entries(payload).filter(([name]) => fields.includes(name));
  return chosenFields.length > 0 ? JSON.stringify(Object.fromEntries(chosenFields)) : undefined;
}

/** Spherical k-means on a sample: unit vectors, whose means are scaled to unit length. */
async function computeCentres(
  vectors: readonly Float32Array[],
  cells: number,
  dim: number,
  onProgress: (share: number) => void,
): Promise<Float32Array[]> {
  const sample = drawSample(vectors, Math.min(vectors.length, cells * SAMPLE_ITEMS_PER_CELL));
  let centres = sample.slice(0, cells);
  for (let iteration = 0; iteration < KMEANS_ITERATIONS; iteration += 1) {
    const { rows } = await proposalsOf(sample, centres, dim, 1);
    centres = meansOf(sample, rows, centres);
    onProgress((iteration + 1) / (2 * KMEANS_ITERATIONS));
  }
  return centres;
}

/** Balanced assignments, each from the means of the one before. */
async function balance(
  vectors: readonly Float32Array[],
  firstCentres: readonly Float32Array[],
  dim: number,
  onProgress: (share: number) => void,
): Promise<{ assignment: Uint32Array; centres: readonly Float32Array[] }> {
  const cells = firstCentres.length;
  const capacity = Math.ceil(vectors.length / cells);
  const depth = Math.min(cells, MAX_PROPOSALS);
  let centres = firstCentres;
  let assignment: Uint32Array = new Uint32Array();
  for (let iteration = 0; iteration < BALANCED_ITERATIONS; iteration += 1) {
    const proposals = await proposalsOf(vectors, centres, dim, depth);
    assignment = acceptProposals(proposals, vectors, centres, depth, capacity);
    centres = meansOf(vectors, assignment, centres);
    onProgress(0.5 + (iteration + 1) / (2 * BALANCED_ITERATIONS));
  }
  return { assignment, centres };
}

/** The `depth` nearest centres of each vector, best first, and their cosines. */
interface Proposals {
  rows: Uint32Array;
  scores: Float32Array;
}

async function proposalsOf(
  vectors: readonly Float32Array[],
  centres: readonly Float32Array[],
  dim: number,
  depth: number,
): Promise<Proposals> {
  const entries = centres.map((centre, cell): FileItem => [String(cell), centre]);
  using index = await Catalogue.from(entries, { dim });
  const rows = new Uint32Array(vectors.length * depth);
  const scores = new Float32Array(rows.length);
  for (let start = 0; start < vectors.length; start += QUERIES_PER_CALL) {
    const batch = vectors.slice(start, start + QUERIES_PER_CALL);
    index.searchMany(batch, { count: depth, exact: true }).forEach((hits, query) => {
      hits.forEach(({ item, score }, rank) => {
        rows[(start + query) * depth + rank] = Number(item);
        scores[(start + query) * depth + rank] = score;
      });
    });
  }
  return { rows, scores };
}

/** Deferred acceptance: no cell gets more than `capacity` items. Ties: the earlier item stays. */
function acceptProposals(
  { rows, scores }: Proposals,
  vectors: readonly Float32Array[],
  centres: readonly Float32Array[],
  depth: number,
  capacity: number,
): Uint32Array {
  // Members of a cell by descending score, then ascending row.
  const members = centres.map((): { row: number; score: number }[] => []);
  const nextRank = new Uint8Array(vectors.length);
  const refusedRows: number[] = [];
  const unassignedRows = Array.from(vectors.keys()).reverse();
  while (unassignedRows.length > 0) {
    const row = unassignedRows.pop()!;
    const rank = nextRank[row]!;
    if (rank === depth) {
      refusedRows.push(row);
      continue;
    }
    nextRank[row] = rank + 1;
    const cell = members[rows[row * depth + rank]!]!;
    insertMember(cell, { row, score: scores[row * depth + rank]! });
    if (cell.length > capacity) unassignedRows.push(cell.pop()!.row);
  }
  const assignment = new Uint32Array(vectors.length);
  members.forEach((cell, index) => {
    for (const { row } of cell) assignment[row] = index;
  });
  const sizes = members.map(({ length }) => length);
  for (const row of refusedRows.sort((a, b) => a - b)) {
    const cell = nearestOpenCell(vectors[row]!, centres, sizes, capacity);
    sizes[cell]! += 1;
    assignment[row] = cell;
  }
  return assignment;
}

/** Inserts into a list sorted by descending score, then ascending row. */
function insertMember(
  cell: { row: number; score: number }[],
  member: { row: number; score: number },
): void {
  let low = 0;
  let high = cell.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { row, score } = cell[middle]!;
    if (score > member.score || (score === member.score && row < member.row)) low = middle + 1;
    else high = middle;
  }
  cell.splice(low, 0, member);
}

function nearestOpenCell(
  vector: Float32Array,
  centres: readonly Float32Array[],
  sizes: readonly number[],
  capacity: number,
): number {
  let best = -1;
  let bestScore = -Infinity;
  centres.forEach((centre, cell) => {
    if (sizes[cell]! >= capacity) return;
    let score = 0;
    for (let axis = 0; axis < vector.length; axis += 1) score += centre[axis]! * vector[axis]!;
    if (best < 0 || score > bestScore) {
      best = cell;
      bestScore = score;
    }
  });
  return best;
}

/** The mean direction of the vectors of each cell; a cell without vectors keeps its centre. */
function meansOf(
  vectors: readonly Float32Array[],
  assignment: Uint32Array,
  centres: readonly Float32Array[],
): Float32Array[] {
  const sums = centres.map((centre) => new Float64Array(centre.length));
  vectors.forEach((vector, row) => {
    const sum = sums[assignment[row]!]!;
    for (let axis = 0; axis < vector.length; axis += 1) sum[axis]! += vector[axis]!;
  });
  return sums.map((sum, cell) => {
    const mean = toUnit(sum);
    return mean.some((component) => component !== 0) ? mean : centres[cell]!;
  });
}

/** The vector scaled to unit length; a zero vector stays zero. */
function toUnit(vector: ArrayLike<number>): Float32Array {
  let squares = 0;
  for (let axis = 0; axis < vector.length; axis += 1) squares += vector[axis]! ** 2;
  const norm = Math.sqrt(squares);
  return Float32Array.from(vector, (component) => (norm > 0 ? component / norm : 0));
}
