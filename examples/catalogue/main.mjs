// A catalogue of your own items: built, searched with a filter, changed, stored and loaded again.
// Run: node main.mjs
import assert from "node:assert/strict";
import { Catalogue } from "pocketsage";

// One entry per item: id, vector, payload.
const recipes = [
  ["ramen", Float32Array.of(0.9, 0.1, 0.2), { minutes: 40, tags: ["soup", "hot"] }],
  ["gazpacho", Float32Array.of(0.7, 0.6, 0.1), { minutes: 15, tags: ["soup", "cold"] }],
  ["salad", Float32Array.of(0.2, 0.9, 0.1), { minutes: 10, tags: ["cold"] }],
  ["brownie", Float32Array.of(0.1, 0.2, 0.9), { minutes: 50, tags: ["sweet"] }],
];
const miso = ["miso", Float32Array.of(0.95, 0.15, 0.1), { minutes: 12, tags: ["soup", "hot"] }];
const soup = Float32Array.of(1, 0.2, 0); // the query vector
const idsOf = (hits) => hits.map(({ item }) => item);

// `attributes` are the payload fields that a filter can use.
const catalogue = await Catalogue.from(recipes, { dim: 3, attributes: ["minutes", "tags"] });

const isQuickSoup = {
  all: [
    { field: "tags", is: "soup" },
    { field: "minutes", to: 20 },
  ],
};
const quick = catalogue.search(soup, { filter: isQuickSoup });
console.log("quick soups:", idsOf(quick).join(", "));
assert.deepEqual(idsOf(quick), ["gazpacho"]);

catalogue.add([miso]);
catalogue.remove(["brownie"]);
const nearest = catalogue.search(soup, { count: 2 });
console.log("nearest after the change:", idsOf(nearest).join(", "));
assert.deepEqual(idsOf(nearest), ["miso", "ramen"]);

const bytes = catalogue.toBytes(); // the content of a .sage file
const loaded = await Catalogue.fromBytes(bytes);
console.log(`${loaded.size} items, ${bytes.length} bytes`);
assert.deepEqual(loaded.search(soup), catalogue.search(soup));
