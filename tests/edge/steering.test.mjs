// Steering over HTTP: dislikes, muted interests, shown items, and the options of recommendations.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { actionsOf, jsonOf, useWorker } from "./fixture.mjs";
import { startWorker } from "./worker.mjs";

const edge = useWorker();

/** The requests of a user who has acted on food and sport. */
async function newUser(worker = edge.worker) {
  const user = randomUUID();
  const send = async (path, options, status) =>
    jsonOf(await worker.request(path, { user, ...options }), status);
  await send("/v1/actions", { json: { actions: actionsOf("food-1", "food-2", "sport-1") } }, 201);
  return {
    send,
    recommended: async (query = "", status = 200) =>
      (await send(`/v1/recommendations?count=12${query}`, {}, status)).recommendations?.map(
        ({ item }) => item,
      ),
    parameter: async (name) =>
      (await send("/v1/parameters")).parameters.find((one) => one.name === name).value,
  };
}

test("a dislike removes an item, once per key, until it is ended", async () => {
  const { send, recommended, parameter } = await newUser();
  const before = await recommended();
  const headers = { "idempotency-key": randomUUID() };
  for (let attempt = 0; attempt < 2; attempt += 1)
    assert.deepEqual(await send("/v1/disliked", { json: { item: before[0] }, headers }), {
      items: 1,
    });
  assert.ok(!(await recommended()).includes(before[0]));
  assert.deepEqual(await parameter("disliked"), [before[0]]);
  const path = `/v1/disliked?item=${before[0]}&item=food-9`;
  assert.deepEqual(await send(path, { method: "DELETE" }), { items: 1 });
  assert.deepEqual(await recommended(), before);
});

test("a muted interest has no items", async () => {
  const { send, recommended, parameter } = await newUser();
  assert.deepEqual(await send("/v1/boosts", { json: { item: "food-1", factor: 0 } }), { items: 1 });
  assert.ok((await recommended()).every((item) => !item.startsWith("food")));
  assert.deepEqual(await parameter("boosted"), [{ item: "food-1", factor: 0 }]);
  await send("/v1/boosts", { json: { item: "food-1", factor: -1 } }, 400);
});

test("pages, dials and shown items", async () => {
  const { send, recommended } = await newUser();
  const first = await recommended("&diversity=0.3");
  const second = await recommended("&diversity=0.3&offset=12");
  assert.equal(new Set([...first, ...second]).size, 24);
  assert.ok(!(await recommended(`&exclude=${first[0]}&exclude=${first[1]}`)).includes(first[1]));
  await recommended("&explore=-0.5&exploreSeed=3&minScore=0.1");
  assert.deepEqual(await send("/v1/shown", { json: { item: first.slice(0, 2) } }), { items: 2 });
  for (const query of ["&explore=2", "&diversity=-1", "&offset=x", "&filter=%7B", "&personal=2"])
    await recommended(query, 400);
});

test("a refusal has the value seen, the values expected, and the known names", async () => {
  const { send } = await newUser();
  const refused = async (path, options) => (await send(path, options, 400)).error.message;
  const query = (text) => refused(`/v1/recommendations?${text}`);
  assert.equal(
    await query("count=201"),
    "the query: count: expected an integer from 1 to 200, saw 201.",
  );
  assert.match(await query("focus=NaN"), /focus: expected a number from 0 to 1, .*, saw "NaN"\.$/);
  assert.match(await query("personal=no"), /personal: expected \("0" \| "1"\), saw "no"\.$/);
  assert.match(await query("cursor=x"), /cursor: unknown\. Known: count, offset, .*, seed\.$/);
  assert.match(await query(`${"x".repeat(500)}=1`), /^the query: x{60}: unknown/);
  const body = (path, json) => refused(path, { json });
  assert.equal(await body("/v1/boosts", { item: "food-1" }), "the body: factor: missing.");
  assert.equal(
    await body("/v1/rank", { items: ["food-1"], taste: "1" }),
    'the body: taste: expected number, saw "1".',
  );
  assert.match(
    await body("/v1/actions", { actions: [{ item: "food-1", weight: 0 }] }),
    /actions\.0\.weight: expected a magnitude from 0\.000001 to 1000000, saw 0\.$/,
  );
});

test("a filter, and the list without a history, of the catalogue", async (t) => {
  const worker = await startWorker({
    bindings: { ENGINE: "catalogue" },
    catalogue: edge.catalogue.toBytes(),
  });
  t.after(() => worker.stop());
  const { recommended } = await newUser(worker);
  const everyone = await recommended("&personal=0");
  assert.ok(everyone.length === 12 && everyone.some((item) => item.startsWith("animal")));
  const filter = encodeURIComponent(JSON.stringify({ field: "colour", is: "red" }));
  await recommended(`&filter=${filter}`, 400);
});
