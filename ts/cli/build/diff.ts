/** Deltas: the changes from one catalogue to a newer one, as a file for `Catalogue.merge`. */
import { writeAttributes } from "../../catalogue/attributes.js";
import { type Catalogue, handleOf } from "../../catalogue/catalogue.js";
import { builderLike, liveRows, readColumns, selectRows } from "../../catalogue/change.js";
import {
  ATTRIBUTES,
  BASE,
  bytesOf,
  CODES,
  DROPPED,
  DROPPED_ENDS,
  encodeRevision,
  RESIDUALS,
  REVISION,
  SCALES,
} from "../../catalogue/sections.js";
import { withCore } from "../../core/glue.js";
import type { CoreCatalogue } from "../../core/interface.js";
import { encodeStrings } from "../../core/strings.js";

/**
 * The bytes of the delta, the number of new or changed items, and the number of removed items.
 * Throws a SageError if the catalogues differ in vector length, metric or precision.
 */
export function diffCatalogues(
  olderCatalogue: Catalogue,
  newerCatalogue: Catalogue,
): { bytes: Uint8Array; changed: number; dropped: number } {
  return handleOf(olderCatalogue).with((older) =>
    handleOf(newerCatalogue).with((newer) =>
      withCore((core) => {
        const rows = changedRows(older, newer, newerCatalogue.dim);
        const builder = builderLike(core, older);
        builder.take(newer, rows);
        const columns = selectRows(readColumns(newer), rows);
        if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
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
          dropped: droppedIds.length,
        };
      }),
    ),
  );
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
  const samePrecision = older.facts().precision === newer.facts().precision;
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
