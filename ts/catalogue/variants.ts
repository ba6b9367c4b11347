/** Near-duplicates: items whose attribute `variantOf` names the first of their kind, which alone is shown. */

import type { ItemId } from "../item.js";
import type { Column } from "./attributes.js";

/** Which rows are shown, as bits, and what a row that is not is a variant of. */
export interface Variants {
  shown: Uint32Array;
  firstOf(row: number): ItemId | undefined;
}

/** What the columns say of variants; undefined where they say nothing. */
export function findVariants(
  columns: ReadonlyMap<string, Column>,
  rows: number,
): Variants | undefined {
  const column = columns.get("variantOf");
  if (!column || column.numeric) return undefined;
  const { words, ends, labels } = column;
  const firstOf = (row: number): ItemId | undefined => {
    const start = ends[row - 1] ?? 0;
    return ends[row]! > start ? words[labels[start]!] : undefined;
  };
  const shown = new Uint32Array(Math.ceil(rows / 32));
  for (let row = 0; row < rows; row += 1)
    if (firstOf(row) === undefined) shown[row >> 5]! |= 1 << (row & 31);
  return { shown, firstOf };
}
