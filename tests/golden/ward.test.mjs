// Ward in wasm against SciPy, on the sets of ward.bin.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Catalogue, cluster, init } from "pocketsage";
import { read, vectors } from "./sets.mjs";

const bytesOf = async (path) => new Uint8Array(await readFile(new URL(path, import.meta.url)));

test("squared heights within 1e-5 and equal partitions at 5 cuts, for at least 300 sets", {
  timeout: 120_000,
}, async () => {
  await init();
  const catalogue = await Catalogue.fromBytes(await bytesOf("../../www/public/emoji.sage"));
  const ids = [...catalogue.ids()];
  const items = { size: ids.length, vectorOf: (row) => catalogue.vector(ids[row]) };
  const sets = read(await bytesOf("ward.bin"));

  sets.forEach((set, i) => {
    const name = `set ${i}: kind ${set.kind}, n ${set.n}, dim ${set.dim}`;
    const values = vectors(set, items);
    set.cuts.forEach(({ threshold, labels }, cut) => {
      const found = cluster(values, { dim: set.dim, cut: { threshold } });
      if (cut === 0) checkHeights(name, heightsOf(found.tree), set.heights);
      if (labels) assert.deepEqual([...found.labels], labels, `${name}: cut at ${threshold}`);
      assert.equal(
        found.count,
        set.n - set.heights.filter((height) => height <= threshold).length,
        `${name}: cut at ${threshold}`,
      );
    });
  });
  assert.ok(sets.length >= 300);
  catalogue.close();
});

/** The heights of a tree: one [a, b, height, size] for each merge. */
function heightsOf(tree) {
  return Array.from({ length: tree.length / 4 }, (_, merge) => tree[merge * 4 + 2]);
}

function checkHeights(name, found, expected) {
  assert.equal(found.length, expected.length, name);
  found.forEach((height, merge) => {
    const error =
      expected[merge] === 0 ? height : Math.abs(height - expected[merge]) / expected[merge];
    assert.ok(error <= 1e-5, `${name}: height ${height}, SciPy has ${expected[merge]}`);
  });
}
