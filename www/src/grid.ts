/** Where the arrow keys lead in a wall of several grids, one under the other, that share their columns. */

/** `sizes` are the lengths of the grids; `at` counts through all of them. Returns the new place: `at` itself at an edge. */
export function move(key: string, at: number, sizes: readonly number[], columns: number): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (key === "ArrowRight") return Math.min(at + 1, total - 1);
  if (key === "ArrowLeft") return Math.max(at - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return total - 1;
  if (key !== "ArrowDown" && key !== "ArrowUp") return at;

  const starts: number[] = [];
  sizes.reduce((sum, size) => (starts.push(sum), sum + size), 0);
  const grid = starts.findLastIndex((start, index) => start <= at && (sizes[index] ?? 0) > 0);
  const start = starts[grid] ?? 0;
  const size = sizes[grid] ?? 0;
  const column = (at - start) % columns;
  const row = Math.floor((at - start) / columns);
  const lastRow = (length: number): number => Math.floor((length - 1) / columns);
  const into = (target: number, targetRow: number): number => {
    const length = sizes[target];
    return length === undefined
      ? at
      : (starts[target] ?? 0) + Math.min(targetRow * columns + column, length - 1);
  };

  if (key === "ArrowDown") {
    if (row < lastRow(size)) return into(grid, row + 1);
    return into(
      sizes.findIndex((length, index) => index > grid && length > 0),
      0,
    );
  }
  if (row > 0) return into(grid, row - 1);
  const above = sizes.findLastIndex((length, index) => index < grid && length > 0);
  return into(above, lastRow(sizes[above] ?? 1));
}
