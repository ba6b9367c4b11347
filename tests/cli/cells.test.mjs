// `pocketsage build --cells`: balanced cells of equal size, their hashes, and invalid options.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { folder, json, lines, pocketsage } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);

/** 203 items in 6 dimensions, unevenly around 5 directions, with titles of varying length. */
const items = Array.from({ length: 203 }, (_, row) => {
  const vector = [1, 2, 3, 4, 5, 6].map((axis) => Math.sin(row * axis * 7.1) * 0.3);
  vector[row < 120 ? 0 : row % 5] += 1;
  return { id: `item-${row}`, vector, title: "x".repeat(row % 17), secret: "s" };
});
const input = await put("items.jsonl", lines(...items));
const options = ["--cells", "16", "--cells-payload", "title", "--no-recall"];

/** The cells of a folder, decoded by the layout in docs/cells.md. */
async function readCells(name) {
  const manifest = JSON.parse(await readFile(out(`${name}/manifest.json`), "utf8"));
  const inner = out(`${name}/${manifest.codebook.slice(0, 16)}`);
  const codebook = await readFile(join(inner, "codebook.bin"));
  const cells = [];
  for (let cell = 0; cell < manifest.cells; cell += 1)
    cells.push(await readFile(join(inner, `${cell}.cell`)));
  return { manifest, inner, codebook, cells };
}

test("cells are balanced, of equal size, and hold every item once", async () => {
  const report = await json(["build", input, "-o", out("items.sage"), ...options]);
  const { manifest, inner, codebook, cells } = await readCells("items.cells");
  const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
  assert.equal(sha256(codebook).toString("hex"), manifest.codebook);
  assert.equal(report.cells.codebook, manifest.codebook);
  assert.deepEqual([manifest.items, manifest.dim, manifest.cells], [203, 6, 16]);
  const ids = [];
  cells.forEach((cell, index) => {
    assert.equal(cell.length, manifest.cellBytes);
    const hash = codebook.subarray(32 + 16 * index, 48 + 16 * index);
    assert.deepEqual(sha256(cell).subarray(0, 16), hash);
    const count = cell.readUInt32LE(0);
    assert.ok(count <= Math.ceil(203 / 16), `${count} items`);
    let offset = 8 + count * 6;
    for (let row = 0; row < count; row += 1) {
      const [id, payload] = [cell.readUInt16LE(offset), cell.readUInt32LE(offset + 2)];
      const text = cell.subarray(offset + 6, offset + 6 + id + payload).toString();
      const item = items[Number(text.slice(5, id))];
      ids.push(item.id);
      assert.deepEqual(JSON.parse(text.slice(id)), { title: item.title });
      const codes = Array.from({ length: 6 }, (_, axis) => cell.readInt8(8 + row * 6 + axis));
      const largest = Math.max(...item.vector.map(Math.abs));
      codes.forEach((code, axis) =>
        assert.ok(Math.abs(code - (item.vector[axis] * 127) / largest) <= 0.51),
      );
      offset += 6 + id + payload;
    }
    assert.ok(cell.subarray(offset).every((byte) => byte === 0));
  });
  assert.deepEqual(ids.sort(), items.map(({ id }) => id).sort());
  const shard = await readFile(join(inner, "shard-0.bin"));
  assert.deepEqual(shard, Buffer.concat(cells));
  assert.equal(report.cells.mostItems, 13);
});

test("equal items give equal cells", async () => {
  const again = ["--cells-out", out("again"), ...options];
  await json(["build", input, "-o", out("again.sage"), ...again]);
  const [first, second] = await Promise.all([readCells("items.cells"), readCells("again")]);
  assert.deepEqual(first.codebook, second.codebook);
  assert.equal((await readdir(first.inner)).length, 16 + 2);
});

test("equal and zero vectors fill the cells evenly", async () => {
  const same = Array.from({ length: 20 }, (_, row) => ({ id: `${row}`, vector: [0, row % 2] }));
  const file = await put("same.jsonl", lines(...same));
  const args = ["--near-duplicates", "keep", "--cells", "5"];
  const { cells } = await json(["build", file, "-o", out("same.sage"), ...args]);
  assert.deepEqual([cells.leastItems, cells.mostItems], [4, 4]);
});

for (const [name, args, message] of [
  ["one cell", ["--cells", "1"], /--cells: expected a whole number from 2 to 65536, saw "1"/],
  ["text", ["--cells", "many"], /--cells: expected a number, saw "many"/],
  ["another metric", ["--cells", "4", "--metric", "l2"], /--cells: expected --metric cosine/],
  ["a folder without cells", ["--cells-out", "x"], /expected --cells K as well/],
  ["more cells than items", ["--cells", "300"], /300 cells for 203 items: use fewer cells/],
])
  test(`refuses ${name}`, async () => {
    const { code, stderr } = await pocketsage(["build", input, "-o", out("no.sage"), ...args]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
    assert.deepEqual(
      (await readdir(path)).filter((file) => file.startsWith("no.")),
      [],
    );
  });
