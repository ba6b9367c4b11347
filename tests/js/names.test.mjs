// pocketsage/names: words that distinguish the items of an interest.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { nameInterests } from "pocketsage/names";
import { rejects } from "./world.mjs";

const PAYLOADS = {
  tea: { title: "Green tea, loose leaf", tags: ["drink", "hot"] },
  chai: { title: "Masala chai tea", tags: ["drink", "hot"] },
  mug: { title: "Blue mug for tea 250", tags: ["kitchen"] },
  bike: { title: "City bike", tags: ["sport"], note: { maker: "Veloworks" } },
  ball: { title: "Ball", tags: ["sport"] },
  bare: undefined,
};
const catalogue = await Catalogue.from(
  Object.entries(PAYLOADS).map(([item, payload], axis) => [
    item,
    Float32Array.from({ length: 6 }, (_, index) => Number(index === axis)),
    payload,
  ]),
  { dim: 6 },
);
const profile = {
  interests: [{ items: ["tea", "chai"] }, { items: ["bike", "ball"] }, { items: ["bare", "gone"] }],
};
const wordsOf = (names) => names.map((words) => words.map(({ word }) => word));

test("the words that members share and the catalogue rarely has come first", () => {
  const names = nameInterests(profile, catalogue);
  // "drink" and "hot" are in both members and in 2 of 6 items, "tea" in 3.
  assert.deepEqual(wordsOf(names), [["drink", "hot", "tea"], ["sport", "ball", "bike"], []]);
  assert.ok(Math.abs(names[0][0].score - Math.log1p(6 / 2)) < 1e-12);
  assert.ok(Math.abs(names[0][2].score - Math.log1p(6 / 3)) < 1e-12);
  assert.ok(Math.abs(names[1][1].score - 0.5 * Math.log1p(6)) < 1e-12);
});

test("fields, count, and nested texts; numbers and single letters do not count", () => {
  const titles = nameInterests(profile, catalogue, { fields: ["title"], count: 1 });
  assert.deepEqual(wordsOf(titles), [["tea"], ["ball"], []]);
  const all = wordsOf(nameInterests(profile, catalogue, { count: 100 }));
  assert.ok(all[1].includes("veloworks"));
  const mug = wordsOf(nameInterests({ interests: [{ items: ["mug"] }] }, catalogue, { count: 9 }));
  assert.deepEqual([...mug[0]].sort(), ["blue", "for", "kitchen", "mug", "tea"]);
});

test("a change of the catalogue is counted again", async () => {
  const copy = await Catalogue.fromBytes(catalogue.toBytes());
  const before = nameInterests(profile, copy)[0][0].score;
  copy.add([["water", [1, 1, 1, 1, 1, 1], { tags: ["drink"] }]]);
  assert.notEqual(nameInterests(profile, copy)[0][0].score, before);
});

test("words of languages without spaces, and bad options", async () => {
  const texts = await Catalogue.from([["ocha", [1], { title: "緑茶を飲む" }]], { dim: 1 });
  const [words] = nameInterests({ interests: [{ items: ["ocha"] }] }, texts, { language: "ja" });
  assert.ok(
    words.some(({ word }) => word === "緑茶"),
    JSON.stringify(words),
  );
  await rejects(() => nameInterests(profile, catalogue, { count: 0 }), "option", /count/);
  await rejects(() => nameInterests(profile, catalogue, { field: [] }), "option", /field/);
});

test("values that are no profile, and languages that are no text, are errors", async () => {
  const item = /items: expected/;
  for (const value of [null, undefined, {}, { interests: null }, Promise.resolve(profile)])
    await rejects(() => nameInterests(value, catalogue), "option", /expected a profile/);
  for (const interest of [null, {}, { items: null }, { items: "ab" }, { items: [5] }])
    await rejects(() => nameInterests({ interests: [interest] }, catalogue), "option", item);
  for (const language of [null, 5, {}])
    await rejects(
      () => nameInterests(profile, catalogue, { language }),
      "option",
      /language: expected a name such as "en"/,
    );
});
