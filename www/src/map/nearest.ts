/** Finds the item that a pointer or a key selects. */
import type { Camera } from "./camera.js";
import type { Scene } from "./scene.js";

/** How much a distance across the direction of a key counts more than one along it. */
const ACROSS_WEIGHT = 2.5;

/** The row nearest to (x, y), within `limit`; marks come first, because they are drawn above. */
export function nearestRow(
  { marks, places }: Scene,
  x: number,
  y: number,
  limit: number,
): number | undefined {
  let nearest: number | undefined;
  let leastSquare = limit * limit;
  const updateNearest = (row: number): void => {
    const dx = (places[2 * row] ?? 0) - x;
    const dy = (places[2 * row + 1] ?? 0) - y;
    const square = dx * dx + dy * dy;
    if (square > leastSquare) return;
    leastSquare = square;
    nearest = row;
  };
  for (const { row } of marks) updateNearest(row);
  if (nearest === undefined)
    for (let row = 0; row < places.length / 2; row += 1) updateNearest(row);
  return nearest;
}

/**
 * The nearest mark in a direction from the selected row, or the mark nearest to the middle if none
 * is selected; undefined if there is none.
 */
export function nearestInDirection(
  scene: Scene,
  camera: Camera,
  [dx, dy]: readonly [number, number],
): number | undefined {
  const { marks, places, selected } = scene;
  const x = selected === undefined ? camera.x : (places[2 * selected] ?? 0);
  const y = selected === undefined ? camera.y : (places[2 * selected + 1] ?? 0);
  let nearest: number | undefined;
  let leastCost = Number.POSITIVE_INFINITY;
  for (const { row } of marks) {
    const offsetX = (places[2 * row] ?? 0) - x;
    const offsetY = (places[2 * row + 1] ?? 0) - y;
    const along = offsetX * dx + offsetY * dy;
    if (row === selected || (selected !== undefined && along <= 0)) continue;
    const across = Math.abs(offsetX * dy - offsetY * dx);
    const cost =
      selected === undefined ? Math.hypot(offsetX, offsetY) : along + ACROSS_WEIGHT * across;
    if (cost >= leastCost) continue;
    leastCost = cost;
    nearest = row;
  }
  return nearest;
}
