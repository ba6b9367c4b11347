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
  LIMITS,
  openSage,
  project,
  ward,
} from "pocketsage";
import { decodeMedoids, encodeMedoids } from "pocketsage/remote";
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
