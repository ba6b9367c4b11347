// Whatever is accepted leads to a profile and recommendations: zero vectors, ids of any length, and
// random options, actions and imports. A wrong result of a retriever or file is its own error.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue, init, isSageError, LIMITS, openSage } from "pocketsage";
import {
  decodeMedoids,
  encodeMedoids,
  httpRetriever,
  localRetriever,
  qdrant,
} from "pocketsage/remote";
import { catalogueOf } from "../../pkg/catalogue/catalogue.js";
import * as core from "../../pkg/wasm/core.js";
import { NOW, rejects } from "./world.mjs";

fc.configureGlobal({ seed: 2026 });
await init();

const openSmall = (options = {}) => openSage({ dim: 3, now: () => NOW, ...options });

test("a zero vector has cosine 0 to everything, wherever it is accepted", async () => {
  const zero = new Float32Array(3);
  const catalogue = await Catalogue.from(
    [
      ["zero", zero],
      ["axis", [1, 0, 0]],
    ],
    { dim: 3 },
  );
  assert.deepEqual(
    catalogue.search(zero).map(({ score }) => score),
    [0, 0],
  );
  assert.equal(catalogue.search([1, 0, 0]).find(({ item }) => item === "zero").score, 0);
  const [decoded] = decodeMedoids(encodeMedoids([{ item: "z", vector: zero, count: 1 }]));
  assert.deepEqual(decoded.vector, zero);
  const local = localRetriever(catalogue);
  assert.equal((await local([{ vector: zero, count: 2 }]))[0][0].score, 0);
  for (const options of [{ catalogue }, { dim: 3, retriever: local }]) {
    const sage = await openSage(options);
    await sage.record({ item: "mine", vector: zero });
    await sage.record({ item: "other", vector: [0, 1, 0] });
    assert.equal((await sage.profile()).actions, 2);
    assert.equal((await sage.recommend()).length, 2);
    await sage.map();
    assert.deepEqual((await sage.explain("mine")).nearest, []);
  }
});

test("an engine is not queried with a zero vector: no hits", async () => {
  const bodies = [];
  const engine = qdrant({
    url: "http://127.0.0.1:1",
    collection: "items",
    fetch: async (_, { body }) => {
      const { searches } = JSON.parse(body);
      bodies.push(...searches);
      return Response.json({
        result: searches.map(() => ({ points: [{ id: 7, score: 0.5 }] })),
      });
    },
  });
  const queries = [
    { vector: [0, 0, 0], count: 3 },
    { vector: [1, 0, 0], count: 3 },
  ];
  const answers = await engine.ask(queries);
  assert.deepEqual(
    answers.map(({ hits }) => hits.length),
    [0, 1],
  );
  assert.equal(bodies.length, 1);
  assert.equal(engine.outbound(queries).length, 1);
});

test("httpRetriever sends any number of medoids, with ids of any length", async () => {
  const requests = [];
  const retriever = httpRetriever({
    url: "https://own.example/retrieve",
    fetch: async (_, { body }) => {
      const medoids = decodeMedoids(body);
      requests.push(medoids.length);
      const hits = [{ item: "found", score: 0.5 }];
      return Response.json({ answers: medoids.map(() => ({ status: "ok", hits })) });
    },
  });
  const sage = await openSmall({ retriever, retrieval: { cut: { count: 100 } } });
  const items = Array.from({ length: 40 }, (_, index) => ({
    item: index === 7 ? "long".repeat(300) : `item-${index}`,
    vector: [Math.sin(index), Math.cos(index), index],
  }));
  await sage.record(items);
  assert.equal((await sage.recommend({ interests: 100 }))[0].item, "found");
  assert.deepEqual(requests, [16, 16, 9], "40 items and the average");
  assert.equal((await sage.preview({ interests: 100 })).length, 3);
});

test("an absurd score, id or list of a retriever is a retrieval error", async () => {
  for (const hits of [
    [{ item: "a", score: 1e39 }],
    [{ item: "a", score: -1e308 }],
    [{ item: "a", score: NaN }],
    [{ item: "a", score: "0.5" }],
    [{ item: "a", score: 1n }],
    [{ item: "", score: 1 }],
    [{ item: 3, score: 1 }],
    [null],
  ]) {
    const sage = await openSmall({ retriever: async () => [hits] });
    await sage.record({ item: "mine", vector: [1, 0, 0] });
    await rejects(sage.recommend(), "retrieval", /The retriever/);
  }
  const sage = await openSmall({ retriever: async () => [[{ item: "a", score: 3e38 }]] });
  await sage.record({ item: "mine", vector: [1, 0, 0] });
  assert.equal((await sage.recommend())[0].item, "a");
});

test("payload() of text that is no JSON is a SageError, as is an id of another type", async () => {
  const catalogue = await Catalogue.from([["a", [1, 0, 0], { title: "x" }]], { dim: 3 });
  const broken = catalogueWithPayload("{not json");
  await rejects(() => broken.payload("a"), "corrupt", /payload: that of "a" is not JSON/);
  for (const method of ["has", "vector", "payload"]) {
    await rejects(() => catalogue[method](7), "option", /expected an item's id/);
    await rejects(() => catalogue[method](undefined), "option", /expected an item's id/);
  }
  const replacement = await Catalogue.from([["\ufffd", [1, 0, 0]]], { dim: 3 });
  assert.equal(replacement.has("\ud83c"), false);
});

/** A catalogue of one item "a" whose payload is this text. */
function catalogueWithPayload(text) {
  const builder = new core.CoreBuilder(3, false, 0);
  const [ids, payload] = [Buffer.from("a"), Buffer.from(text)];
  builder.add(
    ...[Float32Array.of(1, 0, 0), 3, ids, Uint32Array.of(1)],
    ...[payload, Uint32Array.of(payload.length)],
  );
  return catalogueOf(builder.finish());
}

const DIM = 3;
const component = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: -10, max: 10, noNaN: true }) },
  fc.float({ noDefaultInfinity: true, noNaN: true }),
  fc.double(),
  fc.constantFrom(0, 1e-45, 3.4e38, 1e39, -1e15, NaN),
);
const nearVector = fc
  .tuple(
    fc.oneof(
      { weight: 9, arbitrary: fc.array(component, { minLength: DIM, maxLength: DIM }) },
      fc.array(component, { maxLength: 5 }),
    ),
    fc.constantFrom(
      (values) => values,
      (values) => Float32Array.from(values),
      (values) => Float64Array.from(values),
      (values) => Float32Array.from(values).buffer,
    ),
  )
  .map(([values, convert]) => convert(values));
const nearWeight = fc.oneof(
  fc.double({ min: LIMITS.minWeight, max: LIMITS.maxWeight, noNaN: true }),
  fc.constantFrom(0, -1, 1e-7, 1e-6, 1e6, 1_000_001, 1.8e6, 1e9, NaN, Infinity, 5e-324),
);
const nearCount = fc.oneof(
  fc.integer({ min: 1, max: 50 }),
  fc.constantFrom(0, -1, 1.5, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, NaN),
);
const nearNumber = fc.oneof(fc.double(), fc.constantFrom(0, 1e-300, 5e-324, 1, 1e300, -1));
const nearAction = fc.record(
  {
    item: fc.oneof(fc.string({ minLength: 1, maxLength: 4 }), fc.constantFrom("known", "\ud83c")),
    vector: nearVector,
    at: fc.oneof(fc.integer({ min: NOW - 1e11, max: NOW + 1e11 }), nearNumber),
    weight: nearWeight,
    kind: fc.constantFrom("save", "click", ""),
  },
  { requiredKeys: ["item"] },
);
const nearOptions = fc.record(
  {
    kinds: fc.dictionary(fc.constantFrom("save", "click"), nearWeight),
    cut: fc.oneof(
      fc.constant("auto"),
      ...["threshold", "cosine", "count", "spread"].map((kind) =>
        fc.oneof(nearNumber, nearCount).map((value) => ({ [kind]: value })),
      ),
    ),
    singletons: fc.constantFrom("keep", "drop", "attach"),
    halfLifeDays: fc.oneof(nearNumber, fc.constant(Infinity)),
    memory: fc.oneof(nearNumber, fc.constantFrom(1e3, 1e4, 1e6, 1e12)),
    maxActions: nearCount,
    maxAgeDays: nearNumber,
  },
  { requiredKeys: [] },
);
const nearRecommend = fc.record(
  {
    count: nearCount,
    interests: nearCount,
    pick: fc.oneof(
      fc.constant("top"),
      fc.oneof(nearNumber, fc.nat()).map((seed) => ({ seed })),
    ),
  },
  { requiredKeys: [] },
);

/** The result, or undefined if the call was refused with an error of its arguments. */
async function accepted(call) {
  try {
    return { value: await call() };
  } catch (error) {
    assert.ok(isSageError(error), error.stack);
    assert.ok(
      ["option", "not-finite", "dimension", "unknown-item"].includes(error.code),
      `${error.code}: ${error.message}`,
    );
    assert.ok(error.message.length <= 500);
    return undefined;
  }
}

for (const metric of ["cosine", "ip", "l2", undefined]) {
  const source = metric === undefined ? "a retriever" : `a catalogue of metric ${metric}`;
  test(`with ${source}: what is accepted leads to a profile and recommendations`, async () => {
    const items = [
      ["known", [1, 0, 0]],
      ["far", [-1, 2, 0]],
      ["zero", [0, 0, 0]],
    ];
    const catalogue = await Catalogue.from(items, { dim: DIM, metric: metric ?? "cosine" });
    const base =
      metric === undefined ? { dim: DIM, retriever: localRetriever(catalogue) } : { catalogue };
    await fc.assert(
      fc.asyncProperty(
        nearOptions,
        fc.array(fc.array(nearAction, { maxLength: 3 }), { maxLength: 5 }),
        nearRecommend,
        async (options, batches, recommendation) => {
          const opened = await accepted(() => openSage({ ...base, ...options, now: () => NOW }));
          if (!opened) return;
          const sage = opened.value;
          for (const batch of batches) {
            await accepted(() => sage.record(batch));
            await sage.profile();
          }
          const { interests } = await sage.profile();
          await sage.map();
          const recommended = await accepted(() => sage.recommend(recommendation));
          if (recommended) await sage.preview(recommendation);
          await sage.recommend();
          if (interests.length > 0) await sage.explain(interests[0].medoid);
          // The same history, imported.
          const copy = await openSage({ ...base, ...options, now: () => NOW });
          await copy.import(await sage.export());
          await copy.profile();
          await copy.recommend();
          await Promise.all([sage.close(), copy.close()]);
        },
      ),
      { numRuns: 250 },
    );
    catalogue.close();
  });
}
