/** Deltas: what makes one catalogue the newer one, as a file for `Catalogue.merge`. */
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

/** The delta, and how many items are new or differ, and how many are no more. */
export function difference(
  older: Catalogue,
  newer: Catalogue,
): { bytes: Uint8Array; changed: number; dropped: number } {
  return handleOf(older).with((old) =>
    handleOf(newer).with((here) =>
      withCore((core) => {
        const rows = changedRows(old, here, newer.dim);
        const builder = builderLike(core, old);
        builder.take(here, rows);
        const columns = selectRows(readColumns(here), rows);
        if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
        const gone = Array.from(liveRows(old, true), (row) => old.id(row)!).filter(
          (id) => here.row(id) < 0,
        );
        const { text, ends } = encodeStrings(gone);
        builder.section(BASE, encodeRevision(older.revision));
        builder.section(REVISION, encodeRevision(newer.revision));
        builder.section(DROPPED_ENDS, bytesOf(ends));
        builder.section(DROPPED, text);
        return { bytes: builder.finishDelta(), changed: rows.length, dropped: gone.length };
      }),
    ),
  );
}

/** The sections that hold a vector, and their bytes a row (0: one a number). */
const KEPT = [
  [SCALES, 4],
  [CODES, 0],
  [RESIDUALS, 0],
] as const;

/** Rows of the newer catalogue whose stored vector or payload is not that of the same id in the older one; all, where filters see other fields. */
function changedRows(old: CoreCatalogue, here: CoreCatalogue, dim: number): Uint32Array {
  const fields = (core: CoreCatalogue): string =>
    JSON.stringify(Array.from(readColumns(core), ([name, { numeric }]) => [name, numeric]).sort());
  if (fields(old) !== fields(here)) return liveRows(here, true);
  const kept = (core: CoreCatalogue): [Buffer, number][] =>
    KEPT.map(([kind, width]): [Buffer, number] => [
      Buffer.from(core.section(kind).buffer),
      width || dim,
    ]).filter(([bytes]) => bytes.length > 0);
  const [before, after] = [kept(old), kept(here)];
  return liveRows(here, true).filter((row) => {
    const was = old.row(here.id(row)!);
    if (was < 0 || old.payload(was) !== here.payload(row)) return true;
    return after.some(
      ([bytes, width], part) =>
        before[part]![0].compare(
          bytes,
          row * width,
          (row + 1) * width,
          was * width,
          (was + 1) * width,
        ) !== 0,
    );
  });
}
