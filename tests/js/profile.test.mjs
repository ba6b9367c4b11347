import assert from "node:assert/strict";
import { test } from "node:test";
import { openSage } from "pocketsage";
import {
  actionsOn,
  DAY,
  DIM,
  NOW,
  rejects,
  seeded,
  smallCatalogue,
  THEMES,
  vectorOf,
} from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (options = {}) => openSage({ catalogue, now: () => NOW, ...options });
const themed = actionsOn(
  "food-1",
  "sport-1",
  "food-2",
  "animal-1",
  "sport-2",
  "food-3",
  "animal-2",
  "food-1",
);

test("three themes give three interests", async () => {
  const sage = await open();
  await sage.record(themed);
  const profile = await sage.profile();
  assert.equal(profile.actions, 8);
  assert.equal(profile.dim, DIM);
  assert.equal(profile.builtAt, NOW);
  const themes = profile.interests.map(({ medoid }) => medoid.split("-")[0]);
  assert.deepEqual([...themes].sort(), [...THEMES].sort());
  assert.equal(themes[0], "food", "the most important comes first");
  for (const [index, { items, medoid, importance, vector }] of profile.interests.entries()) {
    assert.ok(
      items.every((item) => item.startsWith(themes[index])),
      String(items),
    );
    assert.ok(items.includes(medoid));
    assert.deepEqual(vector, catalogue.vector(medoid));
    assert.ok(index === 0 || importance <= profile.interests[index - 1].importance);
  }
  assert.ok(
    Math.abs(profile.interests.reduce((sum, { importance }) => sum + importance, 0) - 1) < 1e-12,
  );
  assert.deepEqual(
    profile.interests[0].items,
    ["food-1", "food-3", "food-2"],
    "each item once, most recent first",
  );
  assert.equal(profile.interests[0].lastActive, NOW);
});

test("an empty history gives an empty profile and the pool of the catalogue", async () => {
  const sage = await open();
  assert.deepEqual(await sage.profile(), { dim: DIM, builtAt: NOW, actions: 0, interests: [] });
  const picks = await sage.recommend({ count: 3 });
  assert.equal(new Set(picks.map(({ item }) => item.split("-")[0])).size, 3, "of three themes");
  for (const { score, because } of picks)
    assert.deepEqual({ score, because }, { score: 0, because: { from: "diverse", nearest: [] } });
  assert.deepEqual(await sage.preview(), []);
  assert.deepEqual(await sage.map(), []);
  await rejects(sage.explain("food-1"), "not-ready", /record actions first/);
});

test("one action gives one interest", async () => {
  const sage = await open();
  await sage.record({ item: "sport-4" });
  const { interests } = await sage.profile();
  assert.equal(interests.length, 1);
  assert.equal(interests[0].medoid, "sport-4");
  assert.equal(interests[0].importance, 1);
  assert.ok((await sage.recommend({ count: 5 })).every(({ item }) => item.startsWith("sport")));
});

test("identical vectors give one interest", async () => {
  const sage = await open();
  const vector = vectorOf("food-7");
  await sage.record(
    Array.from({ length: 12 }, (_, index) => ({ item: `twin-${index}`, vector, at: NOW - index })),
  );
  const { interests } = await sage.profile();
  assert.equal(interests.length, 1);
  assert.equal(interests[0].items.length, 12);
  assert.equal(interests[0].medoid, "twin-0", "ties: the first");
  assert.ok((await sage.recommend({ count: 3 })).every(({ item }) => item.startsWith("food")));
});

test("a zero vector is an action like any other", async () => {
  for (const options of [
    {},
    { catalogue: undefined, dim: DIM, retriever: async (queries) => queries.map(() => []) },
  ]) {
    const sage = await open(options);
    await sage.record({ item: "nothing", vector: new Float32Array(DIM) });
    await sage.record({ item: "food-1", vector: vectorOf("food-1") });
    const { actions, interests } = await sage.profile();
    assert.equal(actions, 2);
    assert.deepEqual(interests.flatMap(({ items }) => items).sort(), ["food-1", "nothing"]);
    assert.ok(Array.isArray(await sage.recommend()));
    assert.ok((await sage.map()).every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
  }
});

test("10,000 actions at once", { timeout: 120_000 }, async () => {
  const random = seeded(10_000);
  const sage = await open();
  const many = Array.from({ length: 10_000 }, (_, index) => {
    const item = `${THEMES[index % 3]}-${Math.floor(random() * 20)}`;
    return { item, at: NOW - Math.floor(random() * 90 * DAY) };
  });
  await sage.record(many);
  const { actions, interests } = await sage.profile();
  assert.equal(actions, 10_000);
  assert.equal(new Set(interests.flatMap(({ items }) => items)).size, 60);
});

test("future times count as now; times before 1970 are accepted", async () => {
  const sage = await open();
  await sage.record([
    { item: "food-1", at: NOW + 1000 * DAY },
    { item: "sport-1", at: NOW },
    { item: "animal-1", at: -1000 * DAY },
  ]);
  const { interests } = await sage.profile();
  const share = Object.fromEntries(interests.map(({ medoid, importance }) => [medoid, importance]));
  assert.equal(share["food-1"], share["sport-1"]);
  assert.ok(share["animal-1"] < 1e-9 && share["animal-1"] >= 0);
  assert.deepEqual(
    interests.map(({ lastActive }) => lastActive).sort((a, b) => a - b),
    [-1000 * DAY, NOW, NOW + 1000 * DAY],
  );
});

test("importance halves after the half-life", async () => {
  const sage = await open({ halfLifeDays: 10 });
  await sage.record([
    { item: "food-1", at: NOW },
    { item: "sport-1", at: NOW - 10 * DAY },
  ]);
  const [food, sport] = (await sage.profile()).interests;
  assert.ok(Math.abs(food.importance - 2 / 3) < 1e-9 && Math.abs(sport.importance - 1 / 3) < 1e-9);
});

test("kinds set weights, unlisted kinds 1, an explicit weight overrides", async () => {
  const sage = await open({ kinds: { save: 3, click: 0.5 }, lambda: 0 });
  await sage.record([
    { item: "food-1", kind: "save" },
    { item: "sport-1", kind: "share" },
    { item: "animal-1", kind: "click", weight: 4 },
  ]);
  const share = Object.fromEntries(
    (await sage.profile()).interests.map(({ medoid, importance }) => [medoid, importance]),
  );
  assert.deepEqual(share, { "animal-1": 4 / 8, "food-1": 3 / 8, "sport-1": 1 / 8 });
});

test("kinds are not looked up in Object.prototype", async () => {
  const sage = await open({ kinds: {} });
  await sage.record({ item: "food-1", kind: "constructor" });
  assert.equal((await sage.profile()).interests[0].importance, 1);
});

test("the profile is cached until the history changes, and returned as a copy", async () => {
  let time = NOW;
  const sage = await open({ now: () => time });
  await sage.record(themed);
  const first = await sage.profile();
  time += 1;
  first.interests[0].items.length = 0;
  first.interests[0].vector.fill(0);
  first.interests.pop();
  const second = await sage.profile();
  assert.equal(second.builtAt, NOW);
  assert.equal(second.interests.length, 3);
  assert.equal(second.interests[0].items.length, 3);
  assert.deepEqual(second.interests[0].vector, catalogue.vector(second.interests[0].medoid));
  await sage.record({ item: "food-9" });
  assert.equal((await sage.profile()).builtAt, NOW + 1);
});

test("with a catalogue, recorded vectors are normalised to unit length", async () => {
  const sage = await open();
  await sage.record([
    { item: "food-1" },
    { item: "food-long", vector: vectorOf("food-1").map((number) => number * 50) },
  ]);
  const { interests } = await sage.profile();
  assert.equal(interests.length, 1);
  assert.ok(Math.abs(Math.hypot(...interests[0].vector) - 1) < 1e-3);
});

test("maxActions keeps the newest", async () => {
  const sage = await open({ maxActions: 3 });
  await sage.record(actionsOn("food-1", "food-2", "food-3"));
  await sage.record([
    { item: "food-4", at: NOW - DAY },
    { item: "food-5", at: NOW + 1 },
  ]);
  const { actions, interests } = await sage.profile();
  assert.equal(actions, 3);
  assert.deepEqual(interests.flatMap(({ items }) => items).sort(), ["food-2", "food-3", "food-5"]);
});

test("maxAgeDays deletes old actions", async () => {
  let time = NOW;
  const sage = await open({ maxAgeDays: 30, now: () => time });
  await sage.record([
    { item: "food-1", at: NOW - 31 * DAY },
    { item: "food-2", at: NOW - 29 * DAY },
  ]);
  assert.deepEqual((await sage.profile()).interests[0].items, ["food-2"]);
  time += 2 * DAY;
  await sage.record({ item: "food-3" });
  assert.deepEqual((await sage.profile()).interests[0].items, ["food-3"]);
});

test("the auto cut scales with the catalogue's spread", async () => {
  const cuts = await Promise.all(
    ["auto", { spread: 1e-6 }, { spread: 100 }].map(async (cut) => {
      const sage = await open({ cut });
      await sage.record(themed);
      return (await sage.profile()).interests.length;
    }),
  );
  assert.deepEqual(cuts, [3, 7, 1]);
});

test("map returns every item with its interest, coordinates in [-1, 1]", async () => {
  const sage = await open();
  await sage.record(themed);
  const { interests } = await sage.profile();
  const map = await sage.map();
  assert.deepEqual(
    map.map(({ item }) => item).sort(),
    [...new Set(themed.map(({ item }) => item))].sort(),
  );
  for (const { item, x, y, interest } of map) {
    assert.ok(interests[interest].items.includes(item), item);
    assert.ok(Math.abs(x) <= 1 && Math.abs(y) <= 1);
  }
});

test("explain returns the interest and the user's most similar items", async () => {
  const sage = await open();
  await sage.record(themed);
  const { interest, nearest } = await sage.explain("sport-9");
  assert.ok(interest.medoid.startsWith("sport"));
  assert.ok(nearest[0].item.startsWith("sport") && nearest[1].item.startsWith("sport"));
  assert.ok(
    nearest.every(
      ({ similarity }, index) => index === 0 || similarity <= nearest[index - 1].similarity,
    ),
  );
  assert.equal(nearest.find(({ item }) => item === "sport-2").at, NOW - 3 * 60_000);
  const own = await sage.explain("animal-1");
  assert.ok(own.interest.items.includes("animal-1"));
  assert.ok(own.nearest.every(({ item }) => item !== "animal-1"));
  await rejects(sage.explain("ghost"), "unknown-item", /"ghost"/);
});

test("profile({ at }): the actions until that time, with their ages then", async () => {
  const clock = { now: NOW };
  const sage = await open({ now: () => clock.now });
  const past = [];
  for (const [day, item] of ["food-1", "sport-1", "food-2", "animal-1", "food-1"].entries()) {
    clock.now = NOW + day * DAY;
    await sage.record({ item });
    past.push([clock.now, await sage.profile()]);
  }
  clock.now += 100 * DAY;
  const current = await sage.profile();
  for (const [at, profile] of past) {
    assert.deepEqual(await sage.profile({ at }), profile);
    const later = at + DAY - 1;
    assert.deepEqual(
      await sage.profile({ at: new Date(later) }),
      await sage.profile({ at: later }),
    );
  }
  assert.deepEqual(await sage.profile(), current);
  assert.deepEqual((await sage.profile({ at: NOW - 1 })).interests, []);
  await rejects(sage.profile({ at: "yesterday" }), "option", /profile: at/);
  await rejects(sage.profile({ when: 1 }), "option", /when/);
});
