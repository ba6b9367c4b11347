/**
 * How a catalogue becomes another: every change writes a new one out of rows of the old, rows that come, and sections that say what is no more.
 *
 * Rows of removed items stay, marked, until `compacted` drops them, so that lists (IVF) stay as they are; rows that come are in no list, and are
 * always looked at.
 */

import type { Core, CoreBuilder, CoreCatalogue } from "../core/interface.js";
import { SageError } from "../errors.js";
import { type ColumnValues, decodeColumn, readAttributes, writeAttributes } from "./attributes.js";
import {
  ATTRIBUTES,
  BASE,
  bytesOf,
  DROPPED,
  DROPPED_ENDS,
  decodeRevision,
  encodeRevision,
  LISTS,
  REMOVED,
  REVISION,
  uint32sOf,
} from "./sections.js";

/** An empty catalogue like this one, in the making. */
export function builderLike(core: Core, catalogue: CoreCatalogue): CoreBuilder {
  const { dim, precision, metric } = catalogue.facts();
  return new core.CoreBuilder(dim, precision === "compact", metric);
}

/** What the rows hold for filters, as values. */
export function readColumns(catalogue: CoreCatalogue): Map<string, ColumnValues> {
  const columns = readAttributes(catalogue.section(ATTRIBUTES), catalogue.facts().rows);
  return new Map(Array.from(columns, ([name, column]) => [name, decodeColumn(column)]));
}

/** The same of these rows alone. */
export function selectRows(
  columns: ReadonlyMap<string, ColumnValues>,
  rows: Uint32Array,
): Map<string, ColumnValues> {
  return new Map(
    Array.from(columns, ([name, { numeric, values }]) => [
      name,
      { numeric, values: Array.from(rows, (row) => values[row]) },
    ]),
  );
}

/** Every row of a catalogue, or every row of an item. */
export function liveRows(catalogue: CoreCatalogue, items = false): Uint32Array {
  const rows = Uint32Array.from({ length: catalogue.facts().rows }, (_, row) => row);
  return items ? rows.filter((row) => catalogue.id(row) !== undefined) : rows;
}

/** Rows that come: how they are added, their ids, and what filters see of them. */
export interface Additions {
  ids: readonly string[];
  add(builder: CoreBuilder): void;
  columns: ReadonlyMap<string, ColumnValues>;
}

/** With rows that replace those of the same id, and without some rows. */
export function applyChange(
  core: Core,
  old: CoreCatalogue,
  coming: Additions,
  removed: readonly number[] = [],
  revision?: Uint8Array,
): CoreCatalogue {
  const { rows } = old.facts();
  const words = new Uint32Array(Math.ceil((rows + coming.ids.length) / 32));
  words.set(uint32sOf(old.section(REMOVED)));
  for (const row of [...removed, ...coming.ids.map((id) => old.row(id))])
    if (row >= 0) words[row >> 5]! |= 1 << (row & 31);

  const builder = builderLike(core, old);
  builder.take(old, liveRows(old));
  coming.add(builder);
  const before = readColumns(old);
  const columns = new Map(
    Array.from(coming.columns, ([name, { numeric, values }]) => {
      const known = before.get(name);
      const first = known?.numeric === numeric ? known.values : new Array<undefined>(rows);
      return [name, { numeric, values: [...first, ...values] }];
    }),
  );
  if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
  if (words.some((word) => word !== 0)) builder.section(REMOVED, bytesOf(words));
  const lists = old.section(LISTS);
  if (lists.length > 0) builder.section(LISTS, lists);
  if (revision) builder.section(REVISION, revision);
  return builder.finish();
}

/** The same items without the room of those removed. */
export function compact(core: Core, old: CoreCatalogue): CoreCatalogue {
  const rows = liveRows(old, true);
  const builder = builderLike(core, old);
  builder.take(old, rows);
  const columns = selectRows(readColumns(old), rows);
  if (columns.size > 0) builder.section(ATTRIBUTES, writeAttributes(columns));
  const lists = old.section(LISTS);
  if (lists.length > 0) {
    // Ends come after the probes, the number of lists, the recall and a zero: each now counts the rows that are left before it.
    const ends = uint32sOf(lists).subarray(4, 4 + uint32sOf(lists)[1]!);
    let left = 0;
    ends.forEach((end, list) => {
      while (left < rows.length && rows[left]! < end) left += 1;
      ends[list] = left;
    });
    builder.section(LISTS, lists);
  }
  builder.section(REVISION, encodeRevision(old.facts().revision));
  return builder.finish();
}

/** What a delta leads to. Throws "corrupt" or "version" for other bytes, "option" for the delta of another revision. */
export function mergeDelta(core: Core, old: CoreCatalogue, bytes: Uint8Array): CoreCatalogue {
  const delta = core.CoreCatalogue.fromBytes(bytes, true);
  try {
    const base = delta.section(BASE);
    if (base.length === 0)
      throw new SageError(
        "corrupt",
        "merge: these bytes are a catalogue, expected changes to one: open them with Catalogue.fromBytes.",
      );
    const { revision } = old.facts();
    if (decodeRevision(base) !== revision) {
      const advice = "fetch the whole catalogue instead";
      throw new SageError(
        "option",
        `merge: the delta applies to revision ${decodeRevision(base)}, this catalogue is ${revision}; ${advice}.`,
      );
    }
    const text = delta.section(DROPPED);
    const ends = uint32sOf(delta.section(DROPPED_ENDS));
    const decoder = new TextDecoder();
    const dropped = Array.from(ends, (end, at) =>
      old.row(decoder.decode(text.subarray(ends[at - 1] ?? 0, end))),
    );
    const rows = liveRows(delta, true);
    const coming = {
      ids: Array.from(rows, (row) => delta.id(row)!),
      add: (builder: CoreBuilder) => builder.take(delta, rows),
      columns: selectRows(readColumns(delta), rows),
    };
    return applyChange(core, old, coming, dropped, encodeRevision(delta.facts().revision));
  } finally {
    delta.free();
  }
}

/** No rows, with the columns of a catalogue. */
export function noAdditions(old: CoreCatalogue): Additions {
  return {
    ids: [],
    add: () => undefined,
    columns: selectRows(readColumns(old), new Uint32Array()),
  };
}
