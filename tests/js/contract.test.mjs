// One contract for values: the ranges are those of the core, they are checked where a value enters,
// and whatever is accepted leads to a profile and recommendations.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import {
  blend,
  buildProfile,
  Catalogue,
  cluster,
  init,
  isSageError,
  LIMITS,
  openSage,
  project,
  ward,
} from "pocketsage";
import { decodeMedoids, encodeMedoids, localRetriever, qdrant } from "pocketsage/remote";
import { catalogueOf } from "../../pkg/catalogue/catalogue.js";
import { MESSAGE_LIMITS } from "../../pkg/limits.js";
import * as core from "../../pkg/wasm/core.js";
import { NOW, rejects } from "./world.mjs";

fc.configureGlobal({ seed: 2026 });
await init();

const openSmall = (options = {}) => openSage({ dim: 3, now: () => NOW, ...options });

test("LIMITS are the constants of the core", () => {
  const { minWeight, maxWeight, maxDim, maxIdBytes, maxComponent, defaultMemory } = LIMITS;
  const { maxMedoids, maxHits, maxIdBytes: maxMessageIdBytes } = MESSAGE_LIMITS;
  assert.deepEqual(Array.from(core.limits()), [
    ...[minWeight, maxWeight, maxDim, maxIdBytes, Math.fround(maxComponent), defaultMemory],
    ...[maxMedoids, maxHits, maxMessageIdBytes],
  ]);
});

// What the core refuses is refused at the door, what the door lets in the core accepts.
const outside = [LIMITS.minWeight * 0.999, LIMITS.maxWeight * 1.001, 0, -1, 1e-7, 1.8e6, 1e9];
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
  test(`${door}: a weight outside the range is refused with the range, one inside works`, async () => {
    for (const weight of outside)
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
  "blend: count": (_, count) => blend([[{ item: "a", score: 1 }]], { weights: [1], count }),
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

// Vectors and bytes of every form.
const numbers = [0.25, -1, 0.5];
const floats = Float32Array.from(numbers);
const { buffer } = floats;
const misaligned = Buffer.from([0, ...new Uint8Array(buffer)]).subarray(1);
const foreign = (code) => vm.runInNewContext(code, {});
const vectorForms = {
  "a Float32Array": floats,
  "a plain array": numbers,
  "a Float64Array": Float64Array.from(numbers),
  "a foreign Float32Array": foreign("Float32Array.of(0.25, -1, 0.5)"),
  "a foreign Float64Array": foreign("Float64Array.of(0.25, -1, 0.5)"),
  "a foreign plain array": foreign("[0.25, -1, 0.5]"),
  "a foreign ArrayBuffer": foreign("Float32Array.of(0.25, -1, 0.5).buffer"),
  "an ArrayBuffer": buffer,
  "a DataView": new DataView(buffer),
  "a Buffer": Buffer.from(buffer),
  "a Buffer that is not aligned": misaligned,
};
const notVectors = {
  "an array of strings": ["0.25", "-1", "0.5"],
  "an array with null": [0.25, null, 0.5],
  "an array with a hole": Object.assign([0.25], { 2: 0.5 }),
  "a BigInt64Array": BigInt64Array.of(1n, 2n, 3n),
  "bytes that are no whole number of f32": new Uint8Array(11),
  "a string": "0.25,-1,0.5",
  "an object": { 0: 0.25, 1: -1, 2: 0.5, length: 3 },
  null: null,
};
const vectorDoors = {
  record: async (vector) => {
    const sage = await openSmall();
    await sage.record({ item: "a", vector });
    return (await sage.profile()).interests[0].vector;
  },
  "the vectors option": async (vector) => {
    const sage = await openSmall({ vectors: async () => [vector] });
    await sage.record({ item: "a" });
    return (await sage.profile()).interests[0].vector;
  },
  buildProfile: (vector) =>
    buildProfile([{ item: "a", at: 0, vector }], { dim: 3, now: 0 }).interests[0].vector,
  "Catalogue.from": async (vector) =>
    (await Catalogue.from([["a", vector]], { dim: 3, metric: "l2" })).vector("a"),
  search: async (vector) => {
    const catalogue = await Catalogue.from([["a", floats]], { dim: 3, metric: "ip" });
    const [{ score }] = catalogue.search(vector);
    assert.ok(Math.abs(score - 1.3125) < 1e-3);
  },
  "cluster, ward and project": (vector) => {
    assert.equal(cluster(vector, { dim: 3 }).count, 1);
    assert.equal(ward(vector, { dim: 3 }).length, 0);
    assert.equal(project(vector, { dim: 3 }).length, 2);
  },
};
for (const [door, use] of Object.entries(vectorDoors)) {
  test(`${door}: vectors of every form`, async () => {
    for (const [form, vector] of Object.entries(vectorForms)) {
      const read = await use(vector);
      if (read === undefined) continue;
      assert.ok(
        numbers.every((number, axis) => Math.abs(number - read[axis]) < 1e-3),
        `${form}: ${read}`,
      );
    }
    const code = door === "the vectors option" ? "retrieval" : "option";
    for (const vector of Object.values(notVectors))
      if (vector !== null || !door.startsWith("the"))
        await rejects(async () => use(vector), code, /./);
  });
}

test("numbers beyond the range of f32 are not finite", async () => {
  const sage = await openSmall();
  for (const vector of [[1e39, 0, 0], Float64Array.of(0, -1e39, 0)])
    await rejects(sage.record({ item: "a", vector }), "not-finite", /is -?Infinity as f32/);
  await rejects(() => cluster([1e39], { dim: 1 }), "not-finite", /./);
});

test("a recorded vector is a copy, whatever its form", async () => {
  for (const vector of [Float32Array.of(1, 0, 0), Float32Array.of(1, 0, 0).buffer]) {
    const sage = await openSmall();
    await sage.record({ item: "a", vector });
    new Float32Array(ArrayBuffer.isView(vector) ? vector.buffer : vector).fill(9);
    assert.deepEqual(Array.from((await sage.profile()).interests[0].vector), [1, 0, 0]);
  }
});

/** The same bytes in every form. */
function byteForms(bytes) {
  const ArrayBufferOfContext = foreign("ArrayBuffer");
  const foreignBuffer = new ArrayBufferOfContext(bytes.length);
  new Uint8Array(foreignBuffer).set(bytes);
  const FloatArray = foreign("Uint8Array");
  return {
    "a Uint8Array": bytes,
    "an ArrayBuffer": Uint8Array.from(bytes).buffer,
    "a Buffer": Buffer.from(bytes),
    "a Buffer that is not aligned": Buffer.concat([Buffer.alloc(1), bytes]).subarray(1),
    "a DataView": new DataView(Uint8Array.from(bytes).buffer),
    "a plain array": Array.from(bytes),
    "a foreign ArrayBuffer": foreignBuffer,
    "a foreign Uint8Array": FloatArray.from(bytes),
  };
}

test("bytes of every form: fromBytes, merge and decodeMedoids", async () => {
  const catalogue = await Catalogue.from([["a", floats]], { dim: 3 });
  for (const bytes of Object.values(byteForms(catalogue.toBytes())))
    assert.equal((await Catalogue.fromBytes(bytes)).size, 1);
  const message = encodeMedoids([{ item: "a", vector: floats, count: 3 }]);
  for (const bytes of Object.values(byteForms(message)))
    assert.equal(decodeMedoids(bytes)[0].item, "a");
  for (const bytes of Object.values(byteForms(catalogue.toBytes())))
    await rejects(() => catalogue.merge(bytes), "corrupt", /whole catalogue/);
  for (const wrong of ["bytes", [300], [1.5], {}, null, 7]) {
    await rejects(Catalogue.fromBytes(wrong), "option", /./);
    await rejects(() => catalogue.merge(wrong), "option", /./);
    await rejects(() => decodeMedoids(wrong), "option", /./);
  }
});

test("bytes of every form: import", async () => {
  const sage = await openSmall();
  await sage.record({ item: "a", vector: [1, 0, 0] });
  const exported = await sage.export();
  for (const [form, bytes] of Object.entries(byteForms(exported))) {
    const copy = await openSmall();
    await copy.import(bytes);
    assert.deepEqual(await copy.export(), exported, form);
  }
  for (const wrong of ["bytes", [300], {}, null, 7, new Date()])
    await rejects(sage.import(wrong), "option", /expected a Uint8Array/);
  assert.deepEqual(await sage.export(), exported);
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
    /6 actions \(maxActions\) of 1536 dimensions need 92646 bytes.*memory to at least 92646, or maxActions to at most 5\./,
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

test("scores of the metrics ip and l2 are right up to the largest component, then refused", async () => {
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
    assert.equal((await sage.explain("mine")).nearest[0].similarity, 0);
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

// Whatever is accepted leads to a profile and recommendations.
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
          const asked = await accepted(() => sage.recommend(recommendation));
          if (asked) await sage.preview(recommendation);
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
