// Writes the files of one data set of the ranges bench: NAME.sage with inverted lists and blocks,
// NAME.queries (100 held-out vectors, f32) and NAME.json (their exact ten nearest items).
//   node bench/ranges/build-file.mjs DATA ITEMS FOLDER
// Its own process, because the items take 1 KB each until the file is written.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/lib/versions.mjs";
import { normalGenerator, unitVector } from "../data/mixture.mjs";

const DIM = 256;
const QUERIES = 100;
/** Items of a topic, and the length of the noise that makes them from its centre. */
const MIXTURE = { itemsPerCentre: 1000, scatter: 1 };
const TEXT = { scatter: 0.5 };

const [data, itemCount, folder] = process.argv.slice(2);
const n = Number(itemCount);
const { Catalogue } = await import("pocketsage");
const { buildLists } = await import("../../pkg/cli/build/inverted-lists.js");
const { buildRanges } = await import("../../pkg/cli/build/ranges.js");

const step = (text) => console.error(`  ${data}: ${text}`);
step("generating");
const { centres, scatter } = data === "text" ? await textCentres() : mixtureCentres();
const values = repeatWithNoise(centres, scatter);
const rowOf = (row) => values.subarray(row * DIM, (row + 1) * DIM);
// Items with a payload would need more time, and no more memory of a search.
const items = Array.from({ length: n }, (_, row) => [String(row), rowOf(row)]);
step("building");
const flat = await Catalogue.from(items, { dim: DIM, precision: "compact" });
const lists = n < 60_000 ? flat : await buildLists(flat, items, progress("lists"));
const { catalogue, report } = await buildRanges(lists, progress("blocks"));
step(`${report.blocks} blocks, ${report.resident} bytes resident`);
await writeFile(join(folder, `${data}.sage`), catalogue.toBytes());
const queries = values.subarray(n * DIM);
await writeFile(join(folder, `${data}.queries`), queries);
const exact = Array.from({ length: QUERIES }, (_, query) =>
  catalogue.search(rowOf(n + query), { count: 10, exact: true }).map(({ item }) => item),
);
await writeFile(join(folder, `${data}.json`), JSON.stringify({ n, dim: DIM, exact }));

/** Reports each tenth of a task. */
function progress(task) {
  let last = 0;
  return (share) => {
    if (share < last + 0.1) return;
    last = share;
    step(`${task} ${Math.round(share * 100)} %`);
  };
}

/** Rows n + QUERIES: centre r modulo the number of centres, plus noise of length `scatter`. */
function repeatWithNoise(centreRows, length) {
  const normal = normalGenerator(n);
  const rows = new Float32Array((n + QUERIES) * DIM);
  // A pool of noise, cut at random places: 256 million normal deviates would take minutes.
  const pool = Float32Array.from({ length: 1 << 22 }, normal);
  for (let row = 0; row < n + QUERIES; row += 1) {
    const centre = centreRows[row % centreRows.length];
    const start = Math.floor(Math.abs(normal()) * 1e9) % (pool.length - DIM);
    let squares = 0;
    for (let axis = 0; axis < DIM; axis += 1) squares += pool[start + axis] ** 2;
    const factor = length / Math.sqrt(squares);
    let sum = 0;
    for (let axis = 0; axis < DIM; axis += 1) {
      const value = centre[axis] + factor * pool[start + axis];
      rows[row * DIM + axis] = value;
      sum += value * value;
    }
    const scale = 1 / Math.sqrt(sum);
    for (let axis = 0; axis < DIM; axis += 1) rows[row * DIM + axis] *= scale;
  }
  return rows;
}

/** Topics without finer structure, as in bench/data/catalogue-sets.mjs. */
function mixtureCentres() {
  const normal = normalGenerator(1);
  const count = Math.ceil(n / MIXTURE.itemsPerCentre);
  const rows = Array.from({ length: count }, () => unitVector(Array.from({ length: DIM }, normal)));
  return { centres: rows, scatter: MIXTURE.scatter };
}

/** The text vectors of the emoji catalogue, their first 256 dimensions. */
async function textCentres() {
  const emoji = await Catalogue.fromBytes(await readFile(join(root, "pkg", "emoji.sage")));
  const rows = [...emoji.ids()].map((id) => unitVector([...emoji.vector(id).subarray(0, DIM)]));
  return { centres: rows, scatter: TEXT.scatter };
}
