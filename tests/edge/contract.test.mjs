// What the Worker accepts leads to a profile and recommendations; its ranges are the package's.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LIMITS } from "pocketsage";
import { DIM, ITEMS, NOW } from "../js/items.mjs";
import { jsonOf, useWorker } from "./fixture.mjs";
import { startWorker } from "./worker.mjs";

fc.configureGlobal({ seed: 2026 });
const edge = useWorker();

/** The profile and the recommendations of a user, which must be answered. */
async function works(worker, user) {
  const profile = await jsonOf(await worker.request("/v1/profile", { user }));
  await jsonOf(await worker.request("/v1/recommendations?count=200&interests=16", { user }));
  return profile;
}

test("a weight outside the package's range is refused, one inside works", async () => {
  const user = "weights";
  for (const weight of [0, 1e-7, -1e-7, LIMITS.maxWeight * 1.001, -1.001 * LIMITS.maxWeight, 1e300])
    await jsonOf(await edge.record(user, [{ item: ITEMS[0], weight }]), 400);
  for (const weight of [LIMITS.minWeight, 1, 1001, LIMITS.maxWeight])
    await jsonOf(await edge.record(user, [{ item: ITEMS[0], weight }]), 201);
  assert.equal((await works(edge.worker, user)).actions, 4);
});

test("zero vectors are accepted by actions and by retrieval", async () => {
  const user = "zero";
  const zero = new Array(DIM).fill(0);
  await jsonOf(await edge.record(user, [{ item: "zero", vector: zero }]), 201);
  assert.equal((await works(edge.worker, user)).actions, 1);
  const medoids = [{ vector: zero }, { item: "unknown", vector: zero }, { item: ITEMS[0] }];
  const { answers } = await jsonOf(
    await edge.worker.request("/v1/retrieve", { user, json: { count: 3, medoids } }),
  );
  assert.ok(answers.every(({ status }) => status === "ok"));
});

test("the largest DIM works: medoids in one request, and a user's actions", async (t) => {
  const dim = 4096;
  const worker = await startWorker({ bindings: { DIM: String(dim) } });
  t.after(() => worker.stop());
  const vectorOf = (seed) =>
    Array.from(Float32Array.from({ length: dim }, (_, axis) => Math.sin(seed * (axis + 1))));
  const medoids = Array.from({ length: 16 }, (_, index) => ({ vector: vectorOf(index + 1) }));
  const reply = await worker.request("/v1/retrieve", {
    user: "large",
    json: { count: 3, medoids },
  });
  // The engine is unreachable; the request itself is valid.
  assert.ok([502, 503].includes(reply.status), `${reply.status} ${await reply.text()}`);
  for (let index = 0; index < 3; index += 1) {
    const actions = [{ item: `own-${index}`, vector: vectorOf(index) }];
    await jsonOf(await worker.request("/v1/actions", { user: "large", json: { actions } }), 201);
  }
  const profile = await jsonOf(await worker.request("/v1/profile", { user: "large" }));
  assert.equal(profile.actions, 3);
});

const component = fc.oneof(
  { weight: 8, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
  fc.constantFrom(0, 1e-45, 3.4e38, 1e39, 1e308, null, "1"),
);
const nearAction = fc.record(
  {
    item: fc.oneof(
      fc.constantFrom(...ITEMS.slice(0, 8)),
      fc.constantFrom("own", "ghost", "", "\ud83c", "x".repeat(257), 7),
    ),
    vector: fc.oneof(
      { weight: 4, arbitrary: fc.array(component, { minLength: DIM, maxLength: DIM }) },
      fc.array(component, { maxLength: DIM + 1 }),
    ),
    at: fc.oneof(fc.integer({ min: NOW - 1e9, max: NOW }), fc.constantFrom(-1, 1e17, "now")),
    weight: fc.oneof(
      fc.double({ min: LIMITS.minWeight, max: LIMITS.maxWeight, noNaN: true }),
      fc.constantFrom(0, 1e-7, 1e-6, 1e6, 1.8e6, 1e9, null),
    ),
    kind: fc.constantFrom("save", "", "x".repeat(33)),
  },
  { requiredKeys: ["item"] },
);
const nearQuery = fc.record(
  {
    count: fc.constantFrom("1", "200", "0", "201", "4294967296", "1e3", "-1"),
    interests: fc.constantFrom("1", "16", "17", "4294967297"),
    seed: fc.constantFrom("0", "9007199254740991", "9007199254740993", "0.5"),
  },
  { requiredKeys: [] },
);

test("random bodies: what is accepted leads to a profile and recommendations", async () => {
  let users = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(nearAction, { minLength: 1, maxLength: 2 }), { maxLength: 5 }),
      nearQuery,
      async (batches, query) => {
        const user = `random-${(users += 1)}`;
        let recorded = 0;
        for (const actions of batches) {
          const reply = await edge.record(user, actions);
          if (reply.status === 201) recorded += actions.length;
          else assert.ok([400, 422, 502, 503].includes(reply.status), await reply.text());
        }
        const path = `/v1/recommendations?${new URLSearchParams(query)}`;
        const reply = await edge.worker.request(path, { user });
        assert.ok([200, 400].includes(reply.status), await reply.text());
        assert.equal((await works(edge.worker, user)).actions, recorded);
      },
    ),
    { numRuns: 60 },
  );
});
