/** Deltas: the changes from one catalogue to a newer one, as a file for `Catalogue.merge`. */

import { writeAttributes } from "../../catalogue/attributes.js";
import { type Catalogue, handleOf } from "../../catalogue/catalogue.js";
import { builderLike, liveRows, readColumns, selectRows } from "../../catalogue/change.js";
import { factsOf } from "../../catalogue/facts.js";
import { readPriors, selectPriors, writePriors } from "../../catalogue/priors.js";
import {
  ATTRIBUTES,
  BASE,
  bytesOf,
  CODES,
  DROPPED,
  DROPPED_ENDS,
  encodeRevision,
  ID_ORDER,
  PRIOR_CHANGES,
  RESIDUALS,
  REVISION,
  SCALES,
  uint32sOf,
} from "../../catalogue/sections.js";
import { withCore } from "../../core/glue.js";
import type { CoreCatalogue } from "../../core/interface.js";
import { encodeStrings } from "../../core/strings.js";
import { commonSpace } from "../../values/space.js";

/** A delta and its contents. */
export interface Delta {
  bytes: Uint8Array;
  /** New items, and items with another vector or payload. */
  changed: number;
  /** Items with another prior, and the same vector and payload. */
  priors: number;
  /** Removed items. */
  dropped: number;
}

/**
 * The delta from one catalogue to a newer one. An item that differs in its prior only takes 6
 * bytes. Throws a SageError if the catalogues differ in vector length, metric or precision, or are
 * of two vector spaces.
 */
export function diffCatalogues(olderCatalogue: Catalogue, newerCatalogue: Catalogue): Delta {
  commonSpace([olderCatalogue, newerCatalogue]);
  return handleOf(olderCatalogue).with((older) =>
    handleOf(newerCatalogue).with((newer) =>
      withCore((core) => {
        const rows = changedRows(older, newer, newerCatalogue.dim);
        const builder = builderLike(core, older);
        builder.addRows(newer, rows);
        const columns = selectRows(newer, rows);
        if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
        writePriors(builder, selectPriors(newer, rows));
        const priorChanges = diffPriors(older, newer, rows);
        if (priorChanges.count > 0) builder.section(PRIOR_CHANGES, priorChanges.section);
        const droppedIds = Array.from(liveRows(older), (row) => older.id(row)!).filter(
          (id) => newer.row(id) < 0,
        );
        const { utf8, ends } = encodeStrings(droppedIds);
        builder.section(BASE, encodeRevision(olderCatalogue.revision));
        builder.section(REVISION, encodeRevision(newerCatalogue.revision));
        builder.section(DROPPED_ENDS, bytesOf(ends));
        builder.section(DROPPED, utf8);
        return {
          bytes: builder.finishDelta(),
          changed: rows.length,
          priors: priorChanges.count,
          dropped: droppedIds.length,
        };
      }),
    ),
  );
}

/**
 * The section PRIOR_CHANGES of a delta, and the number of its items: those of both catalogues whose
 * prior differs. `fullRows` are the rows of `newer` that the delta holds in full.
 */
function diffPriors(
  older: CoreCatalogue,
  newer: CoreCatalogue,
  fullRows: Uint32Array,
): { section: Uint8Array; count: number } {
  const rowsInFull = new Set(fullRows);
  const olderPriors = readPriors(older);
  const newerPriors = readPriors(newer);
  const positions: number[] = [];
  const priors: number[] = [];
  uint32sOf(older.section(ID_ORDER)).forEach((olderRow, position) => {
    const row = newer.row(older.id(olderRow)!);
    if (row < 0 || rowsInFull.has(row) || newerPriors[row] === olderPriors[olderRow]) return;
    positions.push(position);
    priors.push(newerPriors[row]!);
  });
  const parts = [bytesOf(Uint32Array.from(positions)), bytesOf(Uint16Array.from(priors))];
  return { section: new Uint8Array(Buffer.concat(parts)), count: positions.length };
}

/** The sections that store vectors, with their bytes per row; "dim": one byte per component. */
const VECTOR_SECTIONS = [
  [SCALES, 4],
  [CODES, "dim"],
  [RESIDUALS, "dim"],
] as const;

/**
 * Rows of `newer` whose id is new, or whose stored vector or payload differs from the older row of
 * the same id. All live rows if the attribute columns differ in name or type, because every row
 * then needs its new columns, and if the precision differs, which the builder rejects.
 */
function changedRows(older: CoreCatalogue, newer: CoreCatalogue, dim: number): Uint32Array {
  const samePrecision = factsOf(older).precision === factsOf(newer).precision;
  if (!samePrecision || columnTypes(older) !== columnTypes(newer)) return liveRows(newer);
  const vectorSections = (core: CoreCatalogue): { bytes: Buffer; width: number }[] =>
    VECTOR_SECTIONS.map(([section, width]) => ({
      bytes: Buffer.from(core.section(section).buffer),
      width: width === "dim" ? dim : width,
    })).filter(({ bytes }) => bytes.length > 0);
  const olderSections = vectorSections(older);
  const newerSections = vectorSections(newer);
  return liveRows(newer).filter((row) => {
    const olderRow = older.row(newer.id(row)!);
    if (olderRow < 0 || older.payload(olderRow) !== newer.payload(row)) return true;
    return newerSections.some(({ bytes, width }, index) => {
      const newerBytes = bytes.subarray(row * width, (row + 1) * width);
      const start = olderRow * width;
      return !newerBytes.equals(olderSections[index]!.bytes.subarray(start, start + width));
    });
  });
}

/** The names and types of the attribute columns as one string, for comparison. */
function columnTypes(core: CoreCatalogue): string {
  const types = Array.from(readColumns(core), ([name, { numeric }]) => [name, numeric]);
  return JSON.stringify(types.sort());
}
