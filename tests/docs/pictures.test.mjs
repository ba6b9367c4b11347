// The pictures of the documents are those that the package and the tables of the benches draw.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { drawPictures } from "../../site/pictures/main.mjs";
import { spread } from "../../site/pictures/svg.mjs";

const folder = new URL("../../docs/images/", import.meta.url);

test("docs/images/ has the pictures that are drawn now: else npm run docs:pictures", async () => {
  const drawn = await drawPictures();
  // The others are of the page: npm run screenshots -- --readme
  const names = (await readdir(folder)).filter((name) => name.endsWith(".svg"));
  assert.deepEqual(names.sort(), Object.keys(drawn).sort());
  for (const [name, svg] of Object.entries(drawn))
    assert.equal(await readFile(new URL(name, folder), "utf8"), svg, name);
});

test("labels that are close move apart, and keep their order", () => {
  assert.deepEqual(spread([10, 50], 15), [10, 50]);
  assert.deepEqual(spread([10, 10], 20), [0, 20]);
  assert.deepEqual(spread([30, 12, 10], 10), [30, 16, 6]);
});
