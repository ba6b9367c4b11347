// A catalogue of one's own: built, filtered, changed, stored and read again. Run: node examples/catalogue.mjs (after npm run build)
import assert from "node:assert/strict";
import { Catalogue } from "pocketsage";

const recipes = [
  ["ramen", [0.9, 0.1, 0.2], { minutes: 40, tags: ["soup", "hot"] }],
  ["gazpacho", [0.7, 0.6, 0.1], { minutes: 15, tags: ["soup", "cold"] }],
  ["salad", [0.2, 0.9, 0.1], { minutes: 10, tags: ["cold"] }],
  ["brownie", [0.1, 0.2, 0.9], { minutes: 50, tags: ["sweet"] }],
].map(([id, vector, payload]) => [id, Float32Array.from(vector), payload]);

const catalogue = await Catalogue.from(recipes, { dim: 3, attributes: ["minutes", "tags"] });
const soup = Float32Array.of(1, 0.2, 0);

const quick = catalogue.search(soup, {
  filter: {
    all: [
      { field: "tags", is: "soup" },
      { field: "minutes", to: 20 },
    ],
  },
});
console.log("a quick soup:", quick[0].item, quick[0].score.toFixed(3));
assert.deepEqual(
  quick.map(({ item }) => item),
  ["gazpacho"],
);

catalogue.add([["miso", Float32Array.of(0.95, 0.15, 0.1), { minutes: 12, tags: ["soup", "hot"] }]]);
catalogue.remove(["brownie"]);
console.log(
  "nearest now:",
  catalogue
    .search(soup, { count: 2 })
    .map(({ item }) => item)
    .join(", "),
);

const again = await Catalogue.fromBytes(catalogue.toBytes());
assert.deepEqual(again.search(soup), catalogue.search(soup));
console.log(`${again.size} items, ${again.toBytes().length} bytes`);
