/**
 * Changes to a catalogue. Each change writes a new catalogue from rows of the old one, added rows,
 * and sections that record the removed items.
 *
 * Rows of removed items stay, marked as removed, until {@link compact} drops them. So the row
 * ranges of inverted lists stay valid; added rows belong to no list and are always scanned.
 */

import type { Core, CoreBuilder, CoreCatalogue } from "../core/interface.js";
import { SageError } from "../errors.js";
import { addRow, emptyRowSet } from "../values/bitset.js";
import { type ColumnValues, decodeColumn, readAttributes, writeAttributes } from "./attributes.js";
import { factsOf } from "./facts.js";
import { changePriors, readPriors, selectPriors, writePriors } from "./priors.js";
import {
  ATTRIBUTES,
  BASE,
  bytesOf,
  DROPPED,
  DROPPED_ENDS,
  decodeRevision,
  encodeRevision,
  LISTS,
  LISTS_HEAD_WORDS,
  REMOVED,
  REVISION,
  SPACE,
  TEXT,
  uint32sOf,
} from "./sections.js";

/** Creates an empty builder with the dimension, precision, metric and space of the catalogue. */
export function builderLike(core: Core, catalogue: CoreCatalogue): CoreBuilder {
  const { dim, precision, metric } = factsOf(catalogue);
  const builder = new core.CoreBuilder(dim, precision === "compact", metric);
  setUnlessEmpty(builder, SPACE, catalogue.section(SPACE));
  return builder;
}

function setUnlessEmpty(builder: CoreBuilder, kind: number, content: Uint8Array): void {
  if (content.length > 0) builder.section(kind, content);
}

/** Reads the attribute columns of a catalogue, by name. */
export function readColumns(catalogue: CoreCatalogue): Map<string, ColumnValues> {
  const columns = readAttributes(catalogue.section(ATTRIBUTES), factsOf(catalogue).rows);
  return new Map(Array.from(columns, ([name, column]) => [name, decodeColumn(column)]));
}

/** The attribute columns of a catalogue at the given rows, in the order of `rows`. */
export function selectRows(catalogue: CoreCatalogue, rows: Uint32Array): Map<string, ColumnValues> {
  return new Map(
    Array.from(readColumns(catalogue), ([name, { numeric, values }]) => [
      name,
      { numeric, values: Array.from(rows, (row) => values[row]) },
    ]),
  );
}

/** The numbers of all rows of a catalogue, those of removed items included. */
function allRows(catalogue: CoreCatalogue): Uint32Array {
  return Uint32Array.from(Array(factsOf(catalogue).rows).keys());
}

/** The numbers of the rows whose item was not removed. */
export function liveRows(catalogue: CoreCatalogue): Uint32Array {
  return allRows(catalogue).filter((row) => catalogue.id(row) !== undefined);
}

/** Items to append to a catalogue. */
export interface Additions {
  ids: readonly string[];
  /** Appends the rows to a builder, in the order of `ids`. */
  add(builder: CoreBuilder): void;
  /** Attribute columns, one value per id. The new catalogue has these columns and no others. */
  columns: ReadonlyMap<string, ColumnValues>;
  /** Prior codes, one per id. */
  priors: Uint16Array;
}

/** What a change does to the rows that a catalogue has. */
export interface RowChanges {
  /** Rows of removed items; negative ones are ignored. Default: none. */
  removed?: readonly number[];
  /** The revision of the result. Default: its hash. */
  revision?: Uint8Array;
  /** Prior codes of the rows. Default: those of the catalogue. */
  oldPriors?: Uint16Array | undefined;
}

/**
 * The catalogue with rows appended and others marked as removed: `removed`, and each row whose id
 * is added again.
 */
export function applyChange(
  core: Core,
  old: CoreCatalogue,
  additions: Additions,
  { removed = [], revision, oldPriors = readPriors(old) }: RowChanges,
): CoreCatalogue {
  const { rows } = factsOf(old);
  const removedRows = emptyRowSet(rows + additions.ids.length);
  removedRows.set(uint32sOf(old.section(REMOVED)));
  const priors = new Uint16Array(rows + additions.ids.length);
  priors.set(oldPriors);
  priors.set(additions.priors, rows);
  for (const row of [...removed, ...additions.ids.map((id) => old.row(id))]) {
    if (row < 0) continue;
    addRow(removedRows, row);
    priors[row] = 0;
  }

  const builder = builderLike(core, old);
  builder.addRows(old, allRows(old));
  additions.add(builder);
  const oldColumns = readColumns(old);
  const columns = new Map(
    Array.from(additions.columns, ([name, { numeric, values }]) => {
      const column = oldColumns.get(name);
      const oldValues = column?.numeric === numeric ? column.values : new Array<undefined>(rows);
      return [name, { numeric, values: [...oldValues, ...values] }];
    }),
  );
  const lists = old.section(LISTS);
  return finish(builder, old, { columns, priors, lists, revision, removedRows });
}

/** The sections of a catalogue that a change writes, apart from those of the rows. */
interface ChangedSections {
  columns: ReadonlyMap<string, ColumnValues>;
  priors: Uint16Array;
  lists: Uint8Array;
  revision: Uint8Array | undefined;
  removedRows?: Uint32Array;
}

/** Writes all sections but the rows. The text tower stays: no change of items alters it. */
function finish(
  builder: CoreBuilder,
  old: CoreCatalogue,
  { columns, priors, lists, revision, removedRows }: ChangedSections,
): CoreCatalogue {
  if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
  if (removedRows?.some(Boolean)) builder.section(REMOVED, bytesOf(removedRows));
  setUnlessEmpty(builder, LISTS, lists);
  setUnlessEmpty(builder, TEXT, old.section(TEXT));
  if (revision) builder.section(REVISION, revision);
  writePriors(builder, priors);
  return builder.finish();
}

/** The same items and revision, without the rows of removed items. */
export function compact(core: Core, old: CoreCatalogue): CoreCatalogue {
  const rows = liveRows(old);
  const builder = builderLike(core, old);
  builder.addRows(old, rows);
  const columns = selectRows(old, rows);
  const lists = old.section(LISTS);
  if (lists.length > 0) {
    const words = uint32sOf(lists);
    const ends = words.subarray(LISTS_HEAD_WORDS, LISTS_HEAD_WORDS + words[1]!);
    let liveRowCount = 0;
    ends.forEach((end, list) => {
      while (liveRowCount < rows.length && rows[liveRowCount]! < end) liveRowCount += 1;
      ends[list] = liveRowCount;
    });
  }
  const revision = encodeRevision(factsOf(old).revision);
  return finish(builder, old, { columns, priors: selectPriors(old, rows), lists, revision });
}

/**
 * The catalogue after a delta is applied. Throws code "corrupt" or "version" for bytes that are no
 * delta, "option" for a delta of another revision.
 */
export function mergeDelta(core: Core, old: CoreCatalogue, bytes: Uint8Array): CoreCatalogue {
  const delta = core.CoreCatalogue.fromBytes(bytes, true);
  try {
    const base = delta.section(BASE);
    if (base.length === 0)
      throw new SageError(
        "corrupt",
        "merge: expected a delta, saw a catalogue: use it as it is, in place of the older one.",
      );
    const oldRevision = factsOf(old).revision;
    if (decodeRevision(base) !== oldRevision)
      throw new SageError(
        "option",
        `merge: expected a delta of revision ${oldRevision}, saw one of ` +
          `${decodeRevision(base)}: fetch the catalogue.`,
      );
    const droppedIds = delta.section(DROPPED);
    const ends = uint32sOf(delta.section(DROPPED_ENDS));
    const decoder = new TextDecoder();
    const droppedRows = Array.from(ends, (end, index) =>
      old.row(decoder.decode(droppedIds.subarray(ends[index - 1] ?? 0, end))),
    );
    const rows = liveRows(delta);
    const additions = {
      ids: Array.from(rows, (row) => delta.id(row)!),
      add: (builder: CoreBuilder) => builder.addRows(delta, rows),
      columns: selectRows(delta, rows),
      priors: selectPriors(delta, rows),
    };
    const revision = encodeRevision(factsOf(delta).revision);
    return applyChange(core, old, additions, {
      removed: droppedRows,
      revision,
      oldPriors: changePriors(old, delta),
    });
  } finally {
    delta.free();
  }
}

/** Additions without items, which keep the attribute columns of the catalogue. */
export function noAdditions(old: CoreCatalogue): Additions {
  return {
    ids: [],
    add: () => undefined,
    columns: selectRows(old, new Uint32Array()),
    priors: new Uint16Array(),
  };
}
