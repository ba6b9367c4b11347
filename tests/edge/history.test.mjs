// A user's history and hidden items: pages of actions, hiding and un-hiding.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { ITEMS, NOW, vectorOf } from "../js/items.mjs";
import { actionsOf, jsonOf, useWorker } from "./fixture.mjs";

const edge = useWorker();

/** The requests of a new user; all resolve to JSON. */
function newUser() {
  const user = randomUUID();
  const send = async (path, options, status) =>
    jsonOf(await edge.worker.request(path, { user, ...options }), status);
  const query = (items) => items.map((item) => `item=${encodeURIComponent(item)}`).join("&");
  return {
    send,
    record: (actions) => send("/v1/actions", { json: { actions } }, 201),
    history: (parameters = "") => send(`/v1/actions${parameters}`),
    hide: (item, headers = {}) => send("/v1/hidden", { json: { item }, headers }),
    unhide: (items, headers = {}) =>
      send(`/v1/hidden?${query(items)}`, { method: "DELETE", headers }),
    bytes: async () =>
      new Uint8Array(await (await edge.worker.request("/v1/export", { user })).arrayBuffer()),
    hidden: async () => (await send("/v1/hidden")).hidden,
    recommended: async () =>
      (await send("/v1/recommendations?count=200")).recommendations.map(({ item }) => item),
  };
}

test("the history in pages: every action once, newest first", async () => {
  const { record, history } = newUser();
  assert.deepEqual(await history(), { actions: [] });
  const items = ITEMS.slice(0, 25);
  await record(actionsOf(...items));
  const newestFirst = items.toReversed?.() ?? [...items].reverse();
  for (const count of [1, 7, 24, 25, 26, 200]) {
    const seen = [];
    let pages = 0;
    for (let offset = 0; offset !== undefined; pages += 1) {
      const page = await history(`?offset=${offset}&count=${count}`);
      assert.ok(page.actions.length <= count);
      seen.push(...page.actions.map(({ item }) => item));
      offset = page.next;
    }
    assert.deepEqual(seen, newestFirst);
    assert.equal(pages, Math.ceil(25 / count));
  }
  assert.deepEqual(await history("?offset=25"), { actions: [] });
  assert.deepEqual(await history("?offset=1000000000"), { actions: [] });
});

test("an action of the history is as it was recorded", async () => {
  const { record, history, send } = newUser();
  const vector = Array.from(vectorOf("food-1"));
  await record([
    { item: "food-1", vector, at: NOW, weight: 2.5, kind: "save" },
    { item: "food-2", at: NOW + 1 },
  ]);
  const actions = [
    { item: "food-2", at: NOW + 1 },
    { item: "food-1", at: NOW, weight: 2.5, kind: "save" },
  ];
  const { actions: plain } = await history("?vectors=0");
  assert.deepEqual(plain, actions);
  const { actions: withVectors } = await history("?vectors=1");
  assert.deepEqual(withVectors[1].vector, vector);
  for (const query of ["?count=0", "?count=201", "?offset=-1", "?vectors=yes", "?page=2"])
    await send(`/v1/actions${query}`, {}, 400);
});

test("un-hiding ends hiding, of one item or several, and deletes no history", async () => {
  const { record, history, hide, unhide, hidden, recommended } = newUser();
  await record(actionsOf("food-1", "sport-1"));
  const before = await history();
  assert.deepEqual(await hidden(), []);
  assert.deepEqual(await hide(["food-3", "food-1", "food-5"]), {
    hidden: ["food-3", "food-1", "food-5"],
  });
  assert.deepEqual(await hide("food-4"), { hidden: ["food-4"] });
  assert.deepEqual(await hidden(), ["food-3", "food-1", "food-5", "food-4"]);
  let items = await recommended();
  assert.ok(["food-3", "food-4", "food-5"].every((item) => !items.includes(item)));

  assert.deepEqual(await unhide(["food-1", "food-5", "never-hidden"]), {
    unhidden: ["food-1", "food-5"],
  });
  assert.deepEqual(await unhide(["food-3"]), { unhidden: ["food-3"] });
  assert.deepEqual(await unhide(["food-3"]), { unhidden: [] });
  assert.deepEqual(await hidden(), ["food-4"]);
  assert.deepEqual(await history(), before);
  items = await recommended();
  assert.ok(["food-3", "food-5"].every((item) => items.includes(item)));
  assert.ok(!items.includes("food-1") && !items.includes("food-4"));
});

test("hiding and un-hiding take 1 to 100 items", async () => {
  const { send, hide, hidden } = newUser();
  const many = Array.from({ length: 101 }, (_, index) => `item-${index}`);
  for (const item of [[], many, [""], ["a", 1], null])
    await send("/v1/hidden", { json: { item } }, 400);
  const query = many.map((item) => `item=${item}`).join("&");
  for (const given of ["", "?", "?item=", `?${query}`, "?item=a&items=b"])
    await send(`/v1/hidden${given}`, { method: "DELETE" }, 400);
  await hide(many.slice(1));
  assert.equal((await hidden()).length, 100);
});

test("late requests to hide and repeated ones to un-hide change nothing", async () => {
  const { hide, unhide, hidden } = newUser();
  const earlierHeaders = { "request-time": String(Date.now() - 1000) };
  const key = { "idempotency-key": randomUUID() };
  await hide("food-1");
  assert.deepEqual(await unhide(["food-1"], key), { unhidden: ["food-1"] });
  assert.deepEqual(await hide(["food-1", "food-2"], earlierHeaders), { hidden: ["food-2"] });
  assert.deepEqual(await hidden(), ["food-2"]);
  await hide("food-1");
  assert.deepEqual(await unhide(["food-1"], key), { unhidden: ["food-1"] });
  assert.deepEqual(await hidden(), ["food-2", "food-1"]);
});

test("an import brings back nothing that was un-hidden or deleted since the export", async () => {
  const { record, hide, unhide, hidden, send, history, bytes } = newUser();
  await record(actionsOf("food-1", "sport-1", "animal-1"));
  await hide(["food-2", "food-3"]);
  const body = await bytes();
  const put = () =>
    send("/v1/import", {
      method: "PUT",
      body,
      headers: { "content-type": "application/octet-stream" },
    });
  await unhide(["food-2"]);
  await send("/v1/actions?item=sport-1", { method: "DELETE" });
  assert.deepEqual(await put(), { actions: 2 });
  assert.deepEqual(await hidden(), ["food-3"]);
  const items = (await history()).actions.map(({ item }) => item);
  assert.deepEqual(items, ["animal-1", "food-1"]);
  await send("/v1/actions", { method: "DELETE" });
  assert.deepEqual(await put(), { actions: 0 });
  assert.deepEqual(await hidden(), []);
});
