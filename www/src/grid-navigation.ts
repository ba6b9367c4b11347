/** Arrow-key navigation across stacked grids that have the same number of columns. */

/**
 * The index of the cell that `key` moves to from the cell `index`; `index` itself at an edge and
 * for other keys. Cells are numbered through all grids; `cellCounts[g]` is the number of cells of
 * grid g, which may be 0.
 */
export function nextIndex(
  key: string,
  index: number,
  cellCounts: readonly number[],
  columns: number,
): number {
  const firstCells: number[] = [];
  let totalCells = 0;
  for (const cellCount of cellCounts) {
    firstCells.push(totalCells);
    totalCells += cellCount;
  }
  if (key === "ArrowRight") return Math.min(index + 1, totalCells - 1);
  if (key === "ArrowLeft") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return totalCells - 1;
  if (key !== "ArrowDown" && key !== "ArrowUp") return index;

  const currentGrid = firstCells.findLastIndex(
    (firstCell, gridIndex) => firstCell <= index && (cellCounts[gridIndex] ?? 0) > 0,
  );
  const firstCell = firstCells[currentGrid] ?? 0;
  const column = (index - firstCell) % columns;
  const row = Math.floor((index - firstCell) / columns);
  const lastRowOf = (gridIndex: number): number =>
    Math.floor(((cellCounts[gridIndex] ?? 1) - 1) / columns);
  /**
   * The cell of the current column in a row of a grid, or the last cell if the row is shorter; the
   * current cell if there is no grid of that index, as for -1.
   */
  const cellAt = (gridIndex: number, targetRow: number): number => {
    const cellCount = cellCounts[gridIndex];
    if (cellCount === undefined) return index;
    return (firstCells[gridIndex] ?? 0) + Math.min(targetRow * columns + column, cellCount - 1);
  };

  if (key === "ArrowDown") {
    if (row < lastRowOf(currentGrid)) return cellAt(currentGrid, row + 1);
    const gridBelow = cellCounts.findIndex(
      (cellCount, gridIndex) => gridIndex > currentGrid && cellCount > 0,
    );
    return cellAt(gridBelow, 0);
  }
  if (row > 0) return cellAt(currentGrid, row - 1);
  const gridAbove = cellCounts.findLastIndex(
    (cellCount, gridIndex) => gridIndex < currentGrid && cellCount > 0,
  );
  return cellAt(gridAbove, lastRowOf(gridAbove));
}
