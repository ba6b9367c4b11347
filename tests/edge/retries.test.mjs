// Repeated and late requests: each change counts once, and what was deleted stays deleted.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { actionsOf, engineErrorOf, jsonOf, useWorker } from "./fixture.mjs";
import { startWorker } from "./worker.mjs";

const edge = useWorker();
const HOUR = 3_600_000;

/** The requests of a new user. `record` and `hide` take headers; all reply with JSON. */
function newUser() {
  const user = randomUUID();
  const send = async (path, options) => edge.worker.request(path, { user, ...options });
  return {
    user,
    send,
    record: (actions, headers = {}) => send("/v1/actions", { json: { actions }, headers }),
    hide: (item, headers = {}) => send("/v1/hidden", { json: { item }, headers }),
    forget: async (query = "", headers = {}) =>
      jsonOf(await send(`/v1/actions${query}`, { method: "DELETE", headers })),
    count: async () => (await jsonOf(await send("/v1/profile"))).actions,
    recommended: async () =>
      (await jsonOf(await send("/v1/recommendations?count=200"))).recommendations.map(
        ({ item }) => item,
      ),
  };
}
const key = (value = randomUUID()) => ({ "idempotency-key": value });
const madeAt = (time) => ({ "request-time": String(time) });

test("a repeated request has the first reply and is recorded once", async () => {
  const { record, count } = newUser();
  const headers = key();
  await jsonOf(await record(actionsOf("food-1"), headers), 201);
  assert.deepEqual(await jsonOf(await record(actionsOf("food-1"), headers)), { recorded: 1 });
  const conflict = await jsonOf(await record(actionsOf("food-2"), headers), 409);
  assert.equal(conflict.error.code, "repeated");
  assert.equal(await count(), 1);
  for (const invalid of ["no", "x".repeat(65), "a b c d e f", ""])
    await jsonOf(await record(actionsOf("food-1"), key(invalid)), 400);
});

test("the idempotency key of a failed request stays unused", async () => {
  const { record, hide, count } = newUser();
  const headers = key();
  await engineErrorOf(await record([{ item: "unknown-item" }], headers));
  // This write must not store the key of the failed request.
  await jsonOf(await hide("food-5"));
  await engineErrorOf(await record([{ item: "unknown-item" }], headers));
  await jsonOf(await record(actionsOf("food-1"), headers), 201);
  assert.equal(await count(), 1);
});

test("keys of one user, or of one route, are not those of another", async () => {
  const headers = key();
  const [one, other] = [newUser(), newUser()];
  await jsonOf(await one.record(actionsOf("food-1"), headers), 201);
  await jsonOf(await other.record(actionsOf("food-1"), headers), 201);
  await jsonOf(await one.hide("food-1", headers), 409);
  await jsonOf(await one.send("/v1/actions?item=food-1", { method: "DELETE", headers }), 409);
  assert.equal(await one.count(), 1);
});

for (const [name, query] of [
  ["everything", ""],
  ["the item", "?item=food-1"],
  ["the time range", `?from=0&to=${Date.UTC(2100, 0)}`],
]) {
  test(`a retry with its key after the deletion of ${name} records nothing`, async () => {
    const { record, forget, count } = newUser();
    const headers = key();
    await jsonOf(await record(actionsOf("food-1"), headers), 201);
    assert.deepEqual(await forget(query), { deleted: 1 });
    for (let retry = 0; retry < 3; retry += 1) {
      assert.deepEqual(await jsonOf(await record(actionsOf("food-1"), headers)), { recorded: 1 });
      assert.equal(await count(), 0);
      await forget(query); // a second deletion does not end the key either
    }
    await jsonOf(await record(actionsOf("food-2"), headers), 409);
  });

  test(`a request made before the deletion of ${name} and late records nothing`, async () => {
    const { record, forget, count, hide, recommended } = newUser();
    const before = madeAt(Date.now() - 1000);
    await forget(query);
    // The late request is new to the Worker, so no key identifies it. Sent without and with a key.
    assert.deepEqual(await jsonOf(await record(actionsOf("food-1"), before)), {
      recorded: 0,
      dropped: 1,
    });
    const headers = { ...before, ...key() };
    for (let retry = 0; retry < 2; retry += 1)
      assert.deepEqual(await jsonOf(await record([{ item: "food-1" }], headers)), {
        recorded: 0,
        dropped: 1,
      });
    assert.equal(await count(), 0);
    // What the deletion did not cover is recorded.
    const others = name === "the item" ? 2 : 0;
    assert.deepEqual(
      await jsonOf(
        await record(actionsOf("food-1", "food-2", "sport-1"), before),
        others ? 201 : 200,
      ),
      {
        recorded: others,
        dropped: 3 - others,
      },
    );
    // A request made after the deletion is recorded, the same item and times included.
    await jsonOf(await record(actionsOf("food-1"), madeAt(Date.now() + 1)), 201);
    await jsonOf(await record(actionsOf("food-1")), 201);
    assert.equal(await count(), others + 2);
    if (name === "the time range") return;
    assert.deepEqual(await jsonOf(await hide("food-9", before)), {
      hidden: name === "everything" ? [] : ["food-9"],
    });
    assert.deepEqual(await jsonOf(await hide("food-1", before)), { hidden: [] });
    assert.equal((await recommended()).includes("food-9"), name === "everything");
  });
}

test("a late request loses only the actions that the time range covered", async () => {
  const { record, forget, count } = newUser();
  const at = Date.now() - 10 * HOUR;
  await forget(`?from=${at - HOUR}&to=${at + HOUR}`);
  const [action] = actionsOf("food-1");
  const times = [at - HOUR - 1, at - HOUR, at, at + HOUR, at + HOUR + 1];
  assert.deepEqual(
    await jsonOf(
      await record(
        times.map((time) => ({ ...action, at: time })),
        madeAt(Date.now() - 5000),
      ),
      201,
    ),
    { recorded: 2, dropped: 3 },
  );
  assert.equal(await count(), 2);
  // An action without a time has that of its request.
  const { at: _, ...timeless } = action;
  assert.deepEqual(await jsonOf(await record([timeless], madeAt(at))), { recorded: 0, dropped: 1 });
  await jsonOf(await record([timeless], madeAt(at - 2 * HOUR)), 201);
  const { interests } = await jsonOf(await newUser().send("/v1/profile"));
  assert.deepEqual(interests, []);
});

test("Request-Time is the time of actions without one; a time ahead counts as now", async () => {
  const { record, send } = newUser();
  const { at: _, ...action } = actionsOf("food-1")[0];
  const time = Date.now() - HOUR;
  await jsonOf(await record([action], madeAt(time)), 201);
  const lastActive = async () => (await jsonOf(await send("/v1/profile"))).interests[0].lastActive;
  assert.equal(await lastActive(), time);
  const before = Date.now();
  await jsonOf(await record([action], madeAt(Date.now() + HOUR)), 201);
  const last = await lastActive();
  assert.ok(last >= before && last <= Date.now(), `${last}`);
});

test("a Request-Time in another unit, or that is no time, is refused", async () => {
  const { record, hide, count } = newUser();
  const seconds = Math.floor(Date.now() / 1000);
  for (const time of [
    seconds,
    Date.now() * 1000,
    "2026-01-15",
    "",
    "0x10",
    -1,
    1e12 - 1,
    1e14 + 1,
  ]) {
    const { error } = await jsonOf(await record(actionsOf("food-1"), madeAt(time)), 400);
    assert.match(error.message, /^Request-Time: expected/, error.message);
    await jsonOf(await hide("food-1", madeAt(time)), 400);
  }
  assert.equal(await count(), 0);
});

test("a repeated deletion does not delete what came after the first", async () => {
  const { record, forget, count } = newUser();
  for (const query of ["", "?item=food-1", `?from=0&to=${Date.UTC(2100, 0)}`]) {
    const headers = key();
    await jsonOf(await record(actionsOf("food-1")), 201);
    assert.deepEqual(await forget(query, headers), { deleted: 1 });
    await jsonOf(await record(actionsOf("food-1")), 201);
    assert.deepEqual(await forget(query, headers), { deleted: 1 });
    assert.equal(await count(), 1);
    await forget();
  }
});

test("keys and deletions outlive an eviction, and leave no trace on the disk", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-edge-"));
  const open = () =>
    startWorker({ catalogue: edge.catalogue.toBytes(), durableObjectsPersist: folder });
  const traces = async () => {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    );
    const texts = await Promise.all(
      files.map((file) => readFile(join(file.parentPath ?? file.path, file.name), "latin1")),
    );
    return texts.filter((text) => /food-\d|erase-me-please/.test(text)).length;
  };
  let worker = await open();
  try {
    const actions = actionsOf("food-1");
    const record = (items, headers) =>
      worker.request("/v1/actions", { json: { actions: actionsOf(...items) }, headers });
    const headers = key("erase-me-please");
    await jsonOf(await record(["food-1"], headers), 201);
    const laterHeaders = madeAt(Date.now() - 1);
    assert.ok((await traces()) > 0);
    await jsonOf(await worker.request("/v1/actions?item=food-2", { method: "DELETE" }));
    await jsonOf(await worker.request("/v1/actions", { method: "DELETE" }));
    assert.equal(await traces(), 0);
    await worker.stop();
    assert.equal(await traces(), 0);
    worker = await open();
    await jsonOf(await record(["food-1"], headers));
    await jsonOf(await record(["food-1", "food-2"], laterHeaders));
    assert.equal((await jsonOf(await worker.request("/v1/profile"))).actions, 0);
    await jsonOf(await worker.request("/v1/actions", { json: { actions } }), 201);
  } finally {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
