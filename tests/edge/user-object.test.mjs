// The routes of a user's Durable Object: record, profile, recommend, hide, forget, export.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildProfile, openSage } from "pocketsage";
import { DIM, ITEMS, NOW, vectorOf } from "../js/items.mjs";
import { actionsOf, engineErrorOf, jsonOf, useWorker } from "./fixture.mjs";
import { startWorker } from "./worker.mjs";

const edge = useWorker();

test("recorded actions become interests and recommendations", async () => {
  const user = "main-path";
  assert.deepEqual(
    await jsonOf(await edge.record(user, actionsOf("food-1", "food-2", "sport-1", "sport-2")), 201),
    { recorded: 4 },
  );
  const profile = await jsonOf(await edge.worker.request("/v1/profile", { user }));
  assert.equal(profile.actions, 4);
  assert.ok(profile.interests.length >= 2);
  assert.equal(profile.interests[0].vector, undefined);
  const { recommendations } = await jsonOf(
    await edge.worker.request("/v1/recommendations?count=6", { user }),
  );
  assert.equal(recommendations.length, 6);
  for (const { item, because } of recommendations) {
    assert.ok(!["food-1", "food-2", "sport-1", "sport-2"].includes(item));
    assert.equal(item.split("-")[0], because.medoid.split("-")[0]);
  }
  const seeded = await jsonOf(
    await edge.worker.request("/v1/recommendations?count=6&seed=3&interests=1", { user }),
  );
  assert.equal(new Set(seeded.recommendations.map(({ because }) => because.medoid)).size, 1);
});

test("a list is ranked by taste, with scores on request", async (t) => {
  const worker = await startWorker({
    bindings: { ENGINE: "catalogue" },
    catalogue: edge.catalogue.toBytes(),
  });
  t.after(() => worker.stop());
  const rank = async (json, status = 200) =>
    jsonOf(await worker.request("/v1/rank", { json }), status);
  const actions = actionsOf("food-1", "food-2");
  await jsonOf(await worker.request("/v1/actions", { json: { actions } }), 201);
  const items = ["sport-5", "unknown-item", "food-5"];
  assert.deepEqual(await rank({ items }), { items: ["food-5", "unknown-item", "sport-5"] });
  const given = await rank({ items, taste: 0, scores: true });
  assert.deepEqual(given.items, items);
  assert.deepEqual(
    given.scores.map(({ item, known }) => [item, known]),
    [
      ["sport-5", true],
      ["unknown-item", false],
      ["food-5", true],
    ],
  );
  assert.ok(given.scores[2].taste > given.scores[0].taste);
  const vector = actions[0].vector;
  const withVector = [...items, { item: "new-item", vector }];
  assert.equal((await rank({ items: withVector })).items[0], "new-item");
  for (const json of [{ items: [] }, { items, taste: 1.1 }, { items, tast: 1 }, { items: [""] }])
    await rank(json, 400);
});

test("the profile equals the one that the package computes in Node", async () => {
  const user = "same-profile";
  const actions = actionsOf(...ITEMS.slice(0, 30));
  await jsonOf(await edge.record(user, actions), 201);
  const profile = await jsonOf(await edge.worker.request("/v1/profile?vectors=1", { user }));
  const worker = buildProfile(
    actions.map((action) => ({ ...action, vector: Float32Array.from(action.vector) })),
    { dim: DIM, now: profile.builtAt },
  );
  assert.deepEqual(
    profile.interests,
    worker.interests.map((interest) => ({ ...interest, vector: Array.from(interest.vector) })),
  );
});

test("items without a vector are looked up; an unknown one fails the whole request", async () => {
  const user = "looks-up";
  // The unreachable engine may have the item, so the error is the engine's.
  await engineErrorOf(await edge.record(user, [{ item: "food-3" }, { item: "unknown-item" }]));
  assert.equal((await jsonOf(await edge.worker.request("/v1/profile", { user }))).actions, 0);
  await jsonOf(await edge.record(user, [{ item: "food-3" }]), 201);
  assert.equal(
    (await jsonOf(await edge.worker.request("/v1/profile", { user }))).interests[0].medoid,
    "food-3",
  );
});

test("concurrent requests of two devices: every action is recorded", async () => {
  const user = "two-devices";
  const recordOne = (device, index) =>
    edge.record(user, [{ ...actionsOf(ITEMS[index])[0], at: NOW + device * 100 + index }]);
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => recordOne(index % 2, index)),
  );
  for (const reply of replies) assert.equal(reply.status, 201);
  assert.equal((await jsonOf(await edge.worker.request("/v1/profile", { user }))).actions, 20);
});

test("forget an item, a range, everything; hide; export bytes for import", async () => {
  const user = "forgetful";
  await jsonOf(await edge.record(user, actionsOf("food-1", "food-2", "sport-1", "animal-1")), 201);
  assert.deepEqual(
    await jsonOf(await edge.worker.request("/v1/actions?item=food-2", { user, method: "DELETE" })),
    { deleted: 1 },
  );
  assert.deepEqual(
    await jsonOf(
      await edge.worker.request(`/v1/actions?from=${NOW + 180_000}&to=${NOW + 180_000}`, {
        user,
        method: "DELETE",
      }),
    ),
    { deleted: 1 },
  );
  await jsonOf(await edge.worker.request("/v1/hidden", { user, json: { item: "food-5" } }));
  const { recommendations } = await jsonOf(
    await edge.worker.request("/v1/recommendations?count=50", { user }),
  );
  assert.ok(recommendations.every(({ item }) => item !== "food-5"));

  const exported = await edge.worker.request("/v1/export", { user });
  assert.equal(exported.status, 200);
  const sage = await openSage({ dim: DIM, now: () => NOW });
  await sage.import(new Uint8Array(await exported.arrayBuffer()));
  assert.equal((await sage.profile()).actions, 2);

  assert.deepEqual(
    await jsonOf(await edge.worker.request("/v1/actions", { user, method: "DELETE" })),
    {
      deleted: 2,
    },
  );
  assert.deepEqual(
    (await jsonOf(await edge.worker.request("/v1/profile", { user }))).interests,
    [],
  );
  await jsonOf(await edge.record(user, actionsOf("food-1")), 201);
  assert.equal((await jsonOf(await edge.worker.request("/v1/profile", { user }))).actions, 1);
});

test("the profile of a past time has the actions until then", async () => {
  const user = "past-profile";
  const actions = actionsOf(...ITEMS.slice(0, 30));
  await jsonOf(await edge.record(user, actions), 201);
  const request = async (query, status) =>
    jsonOf(await edge.worker.request(`/v1/profile?${query}`, { user }), status);
  const [at] = actions
    .map((action) => action.at)
    .sort((a, b) => a - b)
    .slice(12);
  const sage = await openSage({ dim: DIM, now: () => NOW });
  await sage.record(
    actions.map((action) => ({ ...action, vector: Float32Array.from(action.vector) })),
  );
  const expected = await sage.profile({ at });
  const past = await request(`at=${at}&vectors=1`);
  assert.equal(past.actions, expected.actions);
  assert.ok(past.actions < actions.length);
  assert.deepEqual(
    past.interests,
    expected.interests.map((interest) => ({ ...interest, vector: Array.from(interest.vector) })),
  );
  for (const query of ["at=-1", "at=1.5", "at=now", `at=${2 ** 60}`]) await request(query, 400);
});

test("a Durable Object keeps its data and idempotency keys across an eviction", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-edge-"));
  const open = () =>
    startWorker({ catalogue: edge.catalogue.toBytes(), durableObjectsPersist: folder });
  try {
    const first = await open();
    const headers = { "idempotency-key": "before-eviction" };
    await jsonOf(
      await first.request("/v1/actions", {
        json: { actions: actionsOf(...ITEMS.slice(0, 50)) },
        headers,
      }),
      201,
    );
    const before = await jsonOf(await first.request("/v1/profile?vectors=1"));
    await first.stop();
    const second = await open();
    await jsonOf(
      await second.request("/v1/actions", {
        json: { actions: actionsOf(...ITEMS.slice(0, 50)) },
        headers,
      }),
    );
    const again = await jsonOf(await second.request("/v1/profile?vectors=1"));
    assert.deepEqual(
      again.interests.map(({ items }) => items),
      before.interests.map(({ items }) => items),
    );
    assert.equal(again.actions, 50);
    await second.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("one invalid action fails the whole request", async () => {
  const user = "invalid-actions";
  for (const action of [
    { item: "food-1", vector: [1, 2] },
    { item: "food-1", weight: 0 },
    { item: "food-1", at: "yesterday" },
    { item: "food-1", colour: "red" },
    { vector: Array.from(vectorOf("food-1")) },
  ]) {
    await jsonOf(await edge.record(user, [...actionsOf("food-2"), action]), 400);
  }
  assert.equal((await jsonOf(await edge.worker.request("/v1/profile", { user }))).actions, 0);
});

test("actions dated in the future count as actions of now", async () => {
  const user = "ahead";
  const [one] = actionsOf("food-1");
  const [other] = actionsOf("sport-1");
  await jsonOf(
    await edge.record(user, [
      { ...one, at: Date.now() },
      { ...other, at: Date.now() + 86_400_000 },
    ]),
    201,
  );
  const { interests } = await jsonOf(await edge.worker.request("/v1/profile", { user }));
  assert.ok(
    Math.abs(interests[0].importance - interests[1].importance) < 1e-4,
    JSON.stringify(interests),
  );
});

test("data that DIM has made unreadable can still be deleted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-edge-"));
  const open = (DIM) => startWorker({ bindings: { DIM }, durableObjectsPersist: folder });
  let worker = await open("8");
  try {
    await jsonOf(
      await worker.request("/v1/actions", { json: { actions: actionsOf("food-1") } }),
      201,
    );
    await worker.stop();
    worker = await open("2");
    assert.equal((await jsonOf(await worker.request("/v1/profile"), 400)).error.code, "dimension");
    assert.deepEqual(await jsonOf(await worker.request("/v1/actions", { method: "DELETE" })), {
      deleted: 0,
    });
    await jsonOf(
      await worker.request("/v1/actions", {
        json: { actions: [{ item: "food-1", vector: [1, 0] }] },
      }),
      201,
    );
    assert.equal((await jsonOf(await worker.request("/v1/profile"))).actions, 1);
  } finally {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
