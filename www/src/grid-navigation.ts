/** Arrow-key navigation in grids that stand one below the other and share their columns. */

/**
 * The index that `key` leads to from `index`; `index` itself at an edge and for any other key.
 * Indices count through all grids; `sizes` are the numbers of cells of each grid, some may be 0.
 */
export function nextIndex(
  key: string,
  index: number,
  sizes: readonly number[],
  columns: number,
): number {
  const starts: number[] = [];
  let total = 0;
  for (const size of sizes) {
    starts.push(total);
    total += size;
  }
  if (key === "ArrowRight") return Math.min(index + 1, total - 1);
  if (key === "ArrowLeft") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return total - 1;
  if (key !== "ArrowDown" && key !== "ArrowUp") return index;

  const grid = starts.findLastIndex((start, at) => start <= index && (sizes[at] ?? 0) > 0);
  const start = starts[grid] ?? 0;
  const column = (index - start) % columns;
  const row = Math.floor((index - start) / columns);
  const lastRowOf = (at: number): number => Math.floor(((sizes[at] ?? 1) - 1) / columns);
  /** The cell of this column, or the last cell if the row is shorter; -1 means no grid. */
  const cellAt = (at: number, targetRow: number): number => {
    const size = sizes[at];
    if (size === undefined) return index;
    return (starts[at] ?? 0) + Math.min(targetRow * columns + column, size - 1);
  };

  if (key === "ArrowDown") {
    if (row < lastRowOf(grid)) return cellAt(grid, row + 1);
    const below = sizes.findIndex((size, at) => at > grid && size > 0);
    return cellAt(below, 0);
  }
  if (row > 0) return cellAt(grid, row - 1);
  const above = sizes.findLastIndex((size, at) => at < grid && size > 0);
  return cellAt(above, lastRowOf(above));
}
