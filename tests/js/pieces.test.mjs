import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProfile, cluster, init, openSage, project, ward } from "pocketsage";
import { actionsOn, DAY, DIM, NOW, rejects, smallCatalogue } from "./world.mjs";

await init();
const catalogue = await smallCatalogue();

/** Two pairs of near points, and a far single point. */
const points = Float32Array.of(0, 0, 0, 1, 10, 0, 10, 1, 50, 50);

test("cluster returns labels, medoids and a tree in SciPy's shape", () => {
  const found = cluster(points, { dim: 2, cut: { threshold: 5 } });
  assert.deepEqual(found.labels, Int32Array.of(0, 0, 1, 1, 2));
  assert.equal(found.count, 3);
  assert.deepEqual(found.medoids, Uint32Array.of(0, 2, 4));
  assert.equal(found.threshold, 5);
  assert.equal(found.tree.length, 16);
  assert.deepEqual([...found.tree.subarray(0, 8)], [0, 1, 1, 2, 2, 3, 1, 2]);
  assert.ok(Math.abs(found.tree[10] - 200) < 1e-9, "the pairs merge at 2 * 2 * 2 / 4 * 10^2");
});

test("cluster drops and attaches singletons", () => {
  assert.deepEqual(
    cluster(points, { dim: 2, cut: { threshold: 5 }, singletons: "drop" }).labels,
    Int32Array.of(0, 0, 1, 1, -1),
  );
  assert.deepEqual(
    cluster(points, { dim: 2, cut: { threshold: 5 }, singletons: "attach" }).labels,
    Int32Array.of(0, 0, 1, 1, 1),
  );
});

test("ward returns the tree of cluster, with and without weights", () => {
  const weights = Float64Array.of(1, 2, 1, 1, 0.5);
  for (const sizes of [undefined, weights]) {
    assert.deepEqual(
      ward(points, { dim: 2, weights: sizes }),
      cluster(points, { dim: 2, weights: sizes, cut: { count: 2 } }).tree,
    );
  }
  assert.notDeepEqual(ward(points, { dim: 2, weights }), ward(points, { dim: 2 }));
  assert.deepEqual(
    ward(points, { dim: 2, memory: 10_000 }),
    ward(points, { dim: 2 }),
    "the tree does not depend on memory",
  );
});

test("ward of no row and of one row has no merges", () => {
  assert.deepEqual(ward(new Float32Array(), { dim: 3 }), new Float64Array());
  assert.deepEqual(ward(Float32Array.of(1, 2, 3), { dim: 3 }), new Float64Array());
});

test("cluster of no row is empty; one row is one cluster", () => {
  assert.deepEqual(
    { ...cluster(new Float32Array(), { dim: 3 }) },
    { ...cluster(new Float32Array(), { dim: 3 }), count: 0 },
  );
  assert.deepEqual(cluster(Float32Array.of(1, 2, 3), { dim: 3 }).labels, Int32Array.of(0));
});

test("a weight is the row, done so many times", () => {
  const weighed = cluster(Float32Array.of(0, 1, 3), {
    dim: 1,
    cut: { count: 1 },
    weights: Float64Array.of(1, 1, 6),
  });
  assert.deepEqual(weighed.medoids, Uint32Array.of(2));
});

const refused = [
  [
    "cluster, a matrix that does not divide",
    () => cluster(new Float32Array(5), { dim: 2 }),
    "dimension",
    /./,
  ],
  ["cluster, NaN", () => cluster(Float32Array.of(1, NaN), { dim: 1 }), "not-finite", /1/],
  [
    "cluster, a string",
    () => cluster("12", { dim: 1 }),
    "option",
    /^cluster: expected a Float32Array or another array.*saw "12"/,
  ],
  ["cluster, no dim", () => cluster(new Float32Array(2), {}), "option", /dim/],
  [
    "cluster, an unknown option",
    () => cluster(new Float32Array(2), { dim: 1, cuts: 3 }),
    "option",
    /unknown option "cuts"/,
  ],
  [
    "cluster, weights of another length",
    () => cluster(new Float32Array(2), { dim: 1, weights: Float64Array.of(1) }),
    "dimension",
    /./,
  ],
  [
    "cluster, a weight of 0",
    () => cluster(new Float32Array(2), { dim: 1, weights: Float64Array.of(1, 0) }),
    "option",
    /weight/,
  ],
  [
    "ward, a matrix that does not divide",
    () => ward(new Float32Array(5), { dim: 2 }),
    "dimension",
    /./,
  ],
  ["ward, NaN", () => ward(Float32Array.of(1, NaN), { dim: 1 }), "not-finite", /1/],
  [
    "ward, an array with a hole",
    () => ward(new Array(2), { dim: 1 }),
    "option",
    /^ward: expected a Float32Array or another array.*saw an array/,
  ],
  [
    "ward, a cut",
    () => ward(new Float32Array(2), { dim: 1, cut: "auto" }),
    "option",
    /unknown option "cut"/,
  ],
  [
    "ward, a weight of 0",
    () => ward(new Float32Array(2), { dim: 1, weights: Float64Array.of(1, 0) }),
    "option",
    /weight/,
  ],
  [
    "ward, too little memory",
    () => ward(new Float32Array(2000), { dim: 2, memory: 100 }),
    "memory",
    /1000 actions.*memory/,
  ],
  ["project, NaN", () => project(Float32Array.of(NaN), { dim: 1 }), "not-finite", /./],
  ["project, null", () => project(null, { dim: 1 }), "option", /Float32Array.*saw null/],
  [
    "buildProfile, NaN",
    () => buildProfile([{ item: "a", at: 0, vector: Float32Array.of(NaN) }], { dim: 1, now: 0 }),
    "not-finite",
    /action 0/,
  ],
  [
    "buildProfile, no clock",
    () => buildProfile([], { dim: 1 }),
    "option",
    /now: expected milliseconds/,
  ],
  [
    "buildProfile, a time that is NaN",
    () => buildProfile([{ item: "a", at: NaN, vector: Float32Array.of(1) }], { dim: 1, now: 0 }),
    "not-finite",
    /at/,
  ],
  [
    "buildProfile, a weight of 0",
    () =>
      buildProfile([{ item: "a", at: 0, weight: 0, vector: Float32Array.of(1) }], {
        dim: 1,
        now: 0,
      }),
    "option",
    /weight/,
  ],
];
for (const [name, call, code, message] of refused)
  test(`refused: ${name}`, () => rejects(call, code, message));

test("buildProfile equals the profile of a sage with the same actions", async () => {
  const actions = actionsOn("food-1", "sport-1", "food-2", "animal-1").map((action, index) => ({
    ...action,
    at: NOW - index * DAY,
  }));
  const sage = await openSage({ catalogue, now: () => NOW });
  await sage.record(actions);
  const built = buildProfile(
    actions.map((action) => ({ ...action, vector: catalogue.vector(action.item) })),
    { dim: DIM, now: NOW, spread: catalogue.spread },
  );
  assert.deepEqual(built, await sage.profile());
  assert.deepEqual(buildProfile([], { dim: 2, now: 5 }), {
    dim: 2,
    builtAt: 5,
    actions: 0,
    interests: [],
  });
});

test("project returns two coordinates per row, in [-1, 1]", () => {
  const map = project(points, { dim: 2 });
  assert.equal(map.length, 10);
  assert.ok(map.every((number) => Math.abs(number) <= 1));
  assert.ok(map.some((number) => Math.abs(number) === 1));
  assert.equal(project(new Float32Array(), { dim: 2 }).length, 0);
});
