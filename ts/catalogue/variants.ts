/**
 * Groups of near-duplicates. The attribute `variantOf` of a variant holds the id of its group's
 * representative; only the representative is a search result by default.
 */

import type { ItemId } from "../item.js";
import { addRow, emptyRowSet } from "../values/bitset.js";
import type { Column } from "./attributes.js";

/** The variant groups of a catalogue. */
export interface Variants {
  /** Bitset of the rows that are not variants of another item. */
  representatives: Uint32Array;
  /** Id of the representative of a variant's group; undefined for a row that is no variant. */
  representativeOf(row: number): ItemId | undefined;
}

/** Reads the variant groups from the column `variantOf`; undefined without a column of labels. */
export function findVariants(
  columns: ReadonlyMap<string, Column>,
  rows: number,
): Variants | undefined {
  const column = columns.get("variantOf");
  if (!column || column.numeric) return undefined;
  const { dictionary, ends, labelIndices } = column;
  const representativeOf = (row: number): ItemId | undefined => {
    const start = ends[row - 1] ?? 0;
    return ends[row]! > start ? dictionary[labelIndices[start]!] : undefined;
  };
  const representatives = emptyRowSet(rows);
  for (let row = 0; row < rows; row += 1)
    if (representativeOf(row) === undefined) addRow(representatives, row);
  return { representatives, representativeOf };
}
