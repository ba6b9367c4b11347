// Every range is the core's constant, and is checked where a value enters.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildProfile,
  Catalogue,
  cluster,
  init,
  LIMITS,
  openSage,
  project,
  ward,
} from "pocketsage";
import { qdrant, resilient } from "pocketsage/remote";
import { MESSAGE_LIMITS } from "../../pkg/values/limits.js";
import * as core from "../../pkg/wasm/core.js";
import { NOW, rejects } from "./world.mjs";

await init();

const openSmall = (options = {}) => openSage({ dim: 3, now: () => NOW, ...options });

test("LIMITS are the constants of the core", () => {
  const { minWeight, maxWeight, maxDim, maxIdBytes, maxComponent } = LIMITS;
  const { maxPrior, defaultMemory } = LIMITS;
  const { maxMedoids, maxHits, maxIdBytes: maxMessageIdBytes } = MESSAGE_LIMITS;
  assert.deepEqual(Array.from(core.limits()), [
    ...[minWeight, maxWeight, maxDim, maxIdBytes, Math.fround(maxComponent)],
    ...[maxPrior, defaultMemory],
    ...[maxMedoids, maxHits, maxMessageIdBytes],
  ]);
});

// What the core refuses is refused at the door, what the door lets in the core accepts.
const outside = [LIMITS.minWeight * 0.999, LIMITS.maxWeight * 1.001, 0, -1e-7, 1e-7, 1.8e6, -1e9];
const inside = [LIMITS.minWeight, 0.5, 1, LIMITS.maxWeight];
const weightDoors = {
  record: async (weight) => {
    const sage = await openSmall();
    await sage.record({ item: "a", vector: [1, 0, 0], weight });
    return sage.profile();
  },
  kinds: async (weight) => {
    const sage = await openSmall({ kinds: { buy: weight } });
    await sage.record({ item: "a", vector: [1, 0, 0], kind: "buy" });
    return sage.profile();
  },
  buildProfile: (weight) =>
    buildProfile([{ item: "a", vector: [1, 0, 0], at: NOW, weight }], { dim: 3, now: NOW }),
  cluster: (weight) => cluster([1, 0, 0, 0, 1, 0], { dim: 3, weights: [1, weight] }),
  ward: (weight) => ward([1, 0, 0, 0, 1, 0], { dim: 3, weights: [1, weight] }),
};
for (const [door, use] of Object.entries(weightDoors)) {
  test(`${door}: weights outside the range are refused, others work`, async () => {
    // Only an action can have a negative weight: it is a dislike.
    for (const weight of door === "record" ? outside : [...outside, -1])
      await rejects(async () => use(weight), "option", /expected a number from .* to 1000000/);
    for (const weight of inside) await use(weight);
  });
}

test("a refused weight names a remedy", async () => {
  const sage = await openSmall();
  const watched = { item: "film", vector: [1, 0, 0], weight: 1_800_000 };
  await rejects(sage.record(watched), "option", /saw 1800000\. Divide weights by a typical one/);
  assert.equal((await sage.profile()).actions, 0);
});

const counts = {
  "recommend: count": (sage, count) => sage.recommend({ count }),
  "recommend: interests": (sage, interests) => sage.recommend({ interests }),
  "preview: count": (sage, count) => sage.preview({ count }),
  "search: count": (_, count, catalogue) => catalogue.search([1, 0, 0], { count }),
};
for (const [name, use] of Object.entries(counts)) {
  test(`${name}: a whole number up to 2^32 - 1, or refused`, async () => {
    const catalogue = await Catalogue.from([["b", [1, 0, 0]]], { dim: 3 });
    const sage = await openSage({ catalogue });
    await sage.record({ item: "a", vector: [1, 0, 0] });
    for (const bad of [2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 53, 0, -1, 1.5, Infinity, 1n])
      await rejects(
        async () => use(sage, bad, catalogue),
        "option",
        /whole number from 1 to 4294967295/,
      );
    for (const good of [1, 2 ** 31, LIMITS.maxCount]) {
      const found = await use(sage, good, catalogue);
      if (!name.startsWith("preview")) assert.equal(found.length, 1);
    }
  });
}

test("an offset and a count whose sum is beyond 2^32 give no hits", async () => {
  const catalogue = await Catalogue.from([["b", [1, 0, 0]]], { dim: 3 });
  const offset = LIMITS.maxCount;
  assert.deepEqual(catalogue.search([1, 0, 0], { offset, count: LIMITS.maxCount }), []);
});

test("dim is from 1 to 32,768 everywhere", async () => {
  const doors = {
    openSage: (dim) => openSage({ dim }),
    from: (dim) => Catalogue.from([], { dim }),
    cluster: (dim) => cluster([], { dim }),
    ward: (dim) => ward([], { dim }),
    project: (dim) => project([], { dim }),
    buildProfile: (dim) => buildProfile([], { dim, now: NOW }),
  };
  for (const use of Object.values(doors)) {
    for (const bad of [0, 32_769, 2 ** 32 + 3, 1.5, "3"])
      await rejects(async () => use(bad), "option", /dim: expected a whole number from 1 to 32768/);
    await use(LIMITS.maxDim);
  }
});

test("ids are well-formed Unicode of 1 to 65,535 bytes wherever they enter", async () => {
  const doors = {
    record: async (item) => (await openSmall()).record({ item, vector: [1, 0, 0] }),
    hide: async (item) => (await openSmall()).hide(item),
    from: (item) => Catalogue.from([[item, [1, 0, 0]]], { dim: 3 }),
    retriever: async (item) => {
      const sage = await openSmall({ retriever: async () => [[{ item, score: 1 }]] });
      await sage.record({ item: "a", vector: [1, 0, 0] });
      await sage.recommend();
    },
  };
  for (const [door, use] of Object.entries(doors)) {
    for (const bad of ["", "\ud83c", "é".repeat(32_768), "x".repeat(65_536)])
      await rejects(use(bad), door === "retriever" ? "retrieval" : "option", /./);
    for (const good of ["x", "é".repeat(32_767), "x".repeat(65_535), "🍕"]) await use(good);
  }
});

test("maxActions and memory follow from each other and from dim", async () => {
  const needed = (dim, count) => count * core.bytesPerAction(dim);
  // The defaults fit, up to the largest dim.
  for (const dim of [1, 384, 1536, 4096, LIMITS.maxDim]) await (await openSage({ dim })).close();
  // One of the two makes the other fit.
  await openSage({ dim: 1536, maxActions: 100_000 });
  await openSage({ dim: 1536, memory: needed(1536, 1) });
  await openSage({ dim: 1536, memory: needed(1536, 5), maxActions: 5 });
  const tight = { dim: 1536, memory: needed(1536, 5), maxActions: 6 };
  await rejects(
    openSage(tight),
    "option",
    /6 actions .* need 92646 bytes.*memory to at least 92646, or maxActions to at most 5\./,
  );
  await openSage({ ...tight, memory: 92_646 });
  await openSage({ ...tight, maxActions: 5 });
  await rejects(
    openSage({ dim: 1536, memory: 0 }),
    "option",
    /1 actions.*: set memory to at least 15441\.$/,
  );
  await rejects(
    openSage({ dim: 1536, maxActions: LIMITS.maxCount }),
    "option",
    /: set maxActions to at most \d+\.$/,
  );
});

test("a history as long as maxActions always has a profile, in the least memory", async () => {
  const [dim, maxActions] = [64, 700];
  const vector = (seed) => Float32Array.from({ length: dim }, (_, axis) => Math.sin(seed * axis));
  const actions = Array.from({ length: 900 }, (_, index) => ({
    item: `${index}`,
    vector: vector(index + 1),
  }));
  for (const options of [
    { dim, maxActions, memory: maxActions * core.bytesPerAction(dim) },
    { dim, memory: maxActions * core.bytesPerAction(dim) },
  ]) {
    const sage = await openSage(options);
    for (let start = 0; start < actions.length; start += 90) {
      await sage.record(actions.slice(start, start + 90));
      await sage.profile();
    }
    assert.equal((await sage.profile()).actions, maxActions);
    await sage.close();
  }
});

test("scores of ip and l2 are right up to the largest component, then refused", async () => {
  const dim = LIMITS.maxDim;
  const filled = (value) => new Float32Array(dim).fill(value);
  const large = Math.fround(LIMITS.maxComponent);
  for (const [metric, best] of [
    ["ip", large * large * dim],
    ["l2", 0],
  ]) {
    const items = [
      ["minus", filled(-large)],
      ["plus", filled(large)],
    ];
    const catalogue = await Catalogue.from(items, { dim, metric });
    const hits = catalogue.search(filled(large));
    assert.deepEqual(
      hits.map(({ item }) => item),
      ["plus", "minus"],
    );
    assert.ok(Math.abs(hits[0].score - best) <= 1e-3 * large * large * dim);
    assert.ok(hits.every(({ score }) => Number.isFinite(score)));
    await rejects(
      () => catalogue.search(filled(1.1 * large)),
      "option",
      /expected at most 1e15: scale down/,
    );
    await rejects(() => catalogue.add([["more", filled(-1.1 * large)]]), "option", /scale down/);
    await rejects(Catalogue.from([["a", filled(3e38)]], { dim, metric }), "option", /scale down/);
    catalogue.close();
  }
  const cosine = await Catalogue.from([["a", filled(3e38)]], { dim });
  assert.ok(Math.abs(cosine.search(filled(3e38))[0].score - 1) < 1e-4);
});

test("a delay beyond the range of timers is refused", async () => {
  const engine = qdrant({ url: "http://127.0.0.1:1", collection: "items" });
  for (const options of [{ timeout: 2 ** 31 }, { deadline: 1e12 }, { retry: { most: 1e10 } }])
    await rejects(() => resilient(engine, options), "option", /at most 2147483647/);
  await rejects(
    () => qdrant({ url: "http://127.0.0.1:1", collection: "items", timeout: 2 ** 31 }),
    "option",
    /timeout.*at most 2147483647/,
  );
  resilient(engine, { timeout: 2 ** 31 - 1, deadline: 2 ** 31 - 1 });
});

test("the core refuses numbers that encode no choice", async () => {
  const options = (cut, singletons) => Float64Array.of(cut, 1, singletons, NaN, NaN, 1, NaN);
  const vector = Float32Array.of(1, 0);
  const clusterBy = (encoded) => core.cluster(vector, 2, undefined, encoded);
  for (const cut of [0, 1, 2, 3, 4]) clusterBy(options(cut, 0));
  for (const choice of [0, 1, 2]) {
    clusterBy(options(0, choice));
    new core.CoreBuilder(2, false, choice).free();
  }
  const refused = { code: "option" };
  for (const number of [-1, 0.5, 5, 256, 2 ** 32, NaN, Infinity]) {
    assert.throws(() => clusterBy(options(number, 0)), refused);
    assert.throws(() => clusterBy(options(0, number)), refused);
  }
  for (const number of [-1, 3, 256])
    assert.throws(() => new core.CoreBuilder(2, false, number), refused);
});
