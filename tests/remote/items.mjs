// The data of the engine tests: 2,000 items of 256 dimensions in 40 groups, each with a colour and
// a size, and exact nearest neighbours to compare answers with.
import { writeFile } from "node:fs/promises";
import { mixture } from "../../bench/data/mixture.mjs";

export const DIM = 256;
const COUNT = 2000;
const COLOURS = ["red", "green", "blue"];

const all = mixture(COUNT, DIM, { centreCount: 40, scatter: 0.9, seed: 5 });

/** Items `{ id, vector, colour, size }`. `idOf(row)` is for engines that need integer ids. */
export function makeItems(idOf = (row) => `item-${row}`) {
  return Array.from({ length: COUNT }, (_, row) => ({
    id: idOf(row),
    vector: all.subarray(row * DIM, (row + 1) * DIM),
    colour: COLOURS[row % 3],
    size: row % 100,
  }));
}

/** Writes items as JSON, as the servers in servers/ read them: `{ dim, items }`. */
export async function writeItems(path, items) {
  const rows = items.map(({ vector, ...rest }) => ({ ...rest, vector: Array.from(vector) }));
  await writeFile(path, JSON.stringify({ dim: DIM, items: rows }));
}

/** The `count` items of largest cosine with a vector: `{ item, score }`, best first. */
export function exactNeighbours(items, vector, count, except) {
  const scored = items
    .filter(({ id }) => id !== except)
    .map((each) => ({ item: each.id, score: dot(each.vector, vector) }));
  return scored.sort((a, b) => b.score - a.score).slice(0, count);
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
}
