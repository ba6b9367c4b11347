// The files that every reader's folder has, because readers have their own: items with vectors,
// actions, orders, and a catalogue of the items. 240 items of 6 topics, 128 components.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../../scripts/lib/random.mjs";

/** Item i has the id "WORD-i" with the word i mod 6, as in the tutorial docs/start/own-items.md. */
export const WORDS = ["tea", "bike", "lamp", "book", "tent", "shoe"];

export async function writeGivenFiles(folder) {
  const random = seededRandom(7);
  const near = (centre, noise) => centre.map((value) => value + (random() - 0.5) * noise);
  const centres = WORDS.map(() => near(Array(128).fill(0), 2));
  const items = Array.from({ length: 240 }, (_, i) => ({
    id: `${WORDS[i % 6]}-${i}`,
    title: `${WORDS[i % 6]} ${i}`,
    price: 5 + (i % 50),
    genre: WORDS[i % 6],
    vector: near(centres[i % 6], 0.5).map((value) => Number(value.toFixed(4))),
  }));
  const start = Date.UTC(2026, 0, 1);
  const actions = items.slice(0, 24).map(({ id }, i) => ({
    item: id,
    at: new Date(start + i * 3_600_000).toISOString(),
    kind: i % 3 === 0 ? "save" : "click",
  }));
  const orders = items.slice(0, 12).map(({ id }, i) => ({
    customer: i % 2 === 0 ? 42 : 43,
    placedAt: new Date(start + i * 86_400_000).toISOString(),
    lines: [{ sku: id, quantity: 1 + (i % 2) }],
  }));
  const views = Array.from({ length: 1200 }, (_, i) => {
    const user = i % 40;
    const id = items[Math.floor(random() * 40) * 6 + ((user + (random() < 0.3 ? 1 : 0)) % 6)].id;
    return { user: `u${user}`, item: id, at: new Date(start + i * 3_600_000).toISOString() };
  });
  const texts = {
    "items.jsonl": linesOf(items),
    "actions.jsonl": linesOf(actions),
    "orders.jsonl": linesOf(orders),
    "log.jsonl": linesOf(views),
    "log.csv": `user,item,at\n${views.map((view) => Object.values(view).join(",")).join("\n")}\n`,
    "ratings.dat": views
      .map(({ user, item, at }) => `${user}::${item}::5::${Date.parse(at) / 1000}\n`)
      .join(""),
    "items.txt": items.map(({ id }) => `${id}\n`).join(""),
    "vectors.npy": numpyOf(items.map(({ vector }) => vector)),
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
}

const linesOf = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** A matrix as a NumPy file of f32. */
function numpyOf(rows) {
  const shape = `(${rows.length}, ${rows[0].length})`;
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const start = Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00v\x00", "latin1"),
    Buffer.from(`${head}\n`),
  ]);
  return Buffer.concat([start, new Uint8Array(Float32Array.from(rows.flat()).buffer)]);
}
