/** `--ranges`: orders the rows by blocks, and writes the section that a search by ranges reads. */

import { Catalogue, handleOf } from "../../catalogue/catalogue.js";
import { factsOf } from "../../catalogue/facts.js";
import { selectPriors, writePriors } from "../../catalogue/priors.js";
import { type NewBlocks, writeBlocks } from "../../catalogue/ranged/format.js";
import { scalesFollow, ZERO_CODE } from "../../catalogue/ranged/score.js";
import { encodeCentre, sketchResidual } from "../../catalogue/ranged/sketch.js";
import {
  CODES,
  IDS,
  LISTS,
  LISTS_HEAD_WORDS,
  RESIDUALS,
  SCALES,
  TEXT,
  uint32sOf,
} from "../../catalogue/sections.js";
import type { CoreCatalogue } from "../../core/interface.js";
import { partition } from "./partition.js";
import { copySections, rebuild } from "./rebuild.js";

/** Largest block, in bytes of vectors. */
const MAX_BLOCK_BYTES = 64 << 10;
/** Bytes of a block in the section of blocks without its centre: end, two scales, two hashes. */
const BLOCK_ENTRY_BYTES = 3 * 4 + 2 * 8;
/** Resident bytes of a row without its sketch and its id: the factor, the end of the id. */
const ROW_ENTRY_BYTES = 1 + 4;

/** The figures of `--ranges` in the report. */
export interface RangesReport {
  blocks: number;
  /** Bytes of sketches and ids that a search by ranges keeps in memory. */
  resident: number;
}

/**
 * The same items in blocks, with the section of blocks. Closes the given catalogue, which has no
 * removed rows. Within each inverted list, or the whole without lists, rows are ordered by block.
 */
export async function buildRanges(
  catalogue: Catalogue,
  onProgress: (share: number) => void,
  { maxBlockBytes = MAX_BLOCK_BYTES } = {},
): Promise<{ catalogue: Catalogue; report: RangesReport }> {
  const { rows, ends } = orderRows(catalogue, maxBlockBytes, onProgress);
  const ordered = rebuild(
    catalogue,
    () => rows,
    (builder, old) => {
      copySections(builder, old, [LISTS, TEXT]);
      writePriors(builder, selectPriors(old, rows));
    },
  );
  const file = handleOf(ordered).with((core) => {
    const bytes = core.toBytes();
    return writeBlocks(bytes, describeBlocks(core, ends));
  });
  ordered.close();
  const checkedCatalogue = await Catalogue.fromBytes(file);
  const { dim, size } = checkedCatalogue;
  const idBytes = handleOf(checkedCatalogue).with((core) => core.section(IDS).length);
  const blockBytes = ends.length * (dim + BLOCK_ENTRY_BYTES);
  const resident = size * (Math.ceil(dim / 8) + ROW_ENTRY_BYTES) + idBytes + blockBytes;
  return { catalogue: checkedCatalogue, report: { blocks: ends.length, resident } };
}

/** The rows in their new order, and the end of each block. */
function orderRows(
  catalogue: Catalogue,
  maxBlockBytes: number,
  onProgress: (share: number) => void,
): { rows: Uint32Array; ends: Uint32Array } {
  const { dim, precision } = catalogue;
  const rowBytes = precision === "full" ? 2 * dim : dim;
  const maxRows = Math.max(1, Math.floor(maxBlockBytes / rowBytes));
  return handleOf(catalogue).with((core) => {
    const total = factsOf(core).rows;
    const rows = new Uint32Array(total);
    const ends: number[] = [];
    let start = 0;
    for (const listEnd of listEnds(core, total)) {
      const listRows = rowRange(start, listEnd);
      for (const group of partition(core.vectors(listRows), dim, maxRows)) {
        const first = ends.at(-1) ?? 0;
        group.forEach((row, index) => (rows[first + index] = listRows[row]!));
        ends.push(first + group.length);
      }
      start = listEnd;
      onProgress(start / total);
    }
    return { rows, ends: Uint32Array.from(ends) };
  });
}

/** The end rows of the inverted lists that have rows, and the end of the rows in no list. */
function listEnds(core: CoreCatalogue, total: number): number[] {
  const { lists } = factsOf(core);
  const section = lists > 0 ? uint32sOf(core.section(LISTS)) : new Uint32Array();
  const ends = [...section.subarray(LISTS_HEAD_WORDS, LISTS_HEAD_WORDS + lists), total];
  return ends.filter((end, list) => end > (ends[list - 1] ?? 0));
}

/** Centres, factors and sketches of the blocks. */
function describeBlocks(core: CoreCatalogue, ends: Uint32Array): NewBlocks {
  const { dim, rows, metric } = factsOf(core);
  const sketchBytes = Math.ceil(dim / 8);
  const centres = new Uint8Array(ends.length * dim);
  const centreScales = new Float32Array(ends.length);
  const factorScales = new Float32Array(ends.length);
  const factors = new Uint8Array(rows);
  const sketches = new Uint8Array(rows * sketchBytes);
  const residual = new Float32Array(dim);
  ends.forEach((end, block) => {
    const start = ends[block - 1] ?? 0;
    const vectors = core.vectors(rowRange(start, end));
    const codes = centres.subarray(block * dim, (block + 1) * dim);
    const scale = encodeCentre(meanOf(vectors, dim), codes);
    centreScales[block] = scale;
    const exact = Float32Array.from({ length: end - start }, (_, index) => {
      for (let axis = 0; axis < dim; axis += 1)
        residual[axis] = vectors[index * dim + axis]! - scale * (codes[axis]! - ZERO_CODE);
      const at = (start + index) * sketchBytes;
      return sketchResidual(residual, sketches.subarray(at, at + sketchBytes));
    });
    const largest = exact.reduce((max, factor) => Math.max(max, factor), 0);
    factorScales[block] = largest / 255;
    exact.forEach((factor, index) => {
      factors[start + index] = largest > 0 ? Math.round((factor / largest) * 255) : 0;
    });
  });
  const residuals = core.section(RESIDUALS);
  const scaleBytes = core.section(SCALES);
  const scales = new Float32Array(scaleBytes.buffer, scaleBytes.byteOffset, rows);
  return {
    ends,
    centres,
    centreScales,
    factorScales,
    factors,
    sketches,
    scalesFollow:
      metric === 0 &&
      scalesFollow(core.section(CODES), residuals.length > 0 ? residuals : undefined, scales, dim),
  };
}

function rowRange(start: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - start }, (_, index) => start + index);
}

function meanOf(vectors: Float32Array, dim: number): Float64Array {
  const mean = new Float64Array(dim);
  for (let at = 0; at < vectors.length; at += 1) mean[at % dim]! += vectors[at]!;
  const count = vectors.length / dim;
  return mean.map((sum) => sum / count);
}
