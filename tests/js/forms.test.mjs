// Vectors and bytes are accepted in every form: typed arrays of any realm, plain arrays, buffers.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { buildProfile, Catalogue, cluster, init, openSage, project, ward } from "pocketsage";
import { decodeMedoids, encodeMedoids } from "pocketsage/remote";
import { NOW, rejects } from "./world.mjs";

await init();

const openSmall = (options = {}) => openSage({ dim: 3, now: () => NOW, ...options });

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
    await rejects(() => catalogue.merge(bytes), "corrupt", /saw a catalogue/);
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
