// The binary log format: damage is always detected, and a newer version is not reported as damage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { init, memoryStore, openSage } from "pocketsage";
import { withCore } from "../../pkg/core/glue.js";
import { DIM, NOW, rejects, seeded, vectorOf } from "./world.mjs";

await init();

/** A smallLog log that uses every field. */
async function smallLog() {
  const sage = await openSage({ dim: DIM, now: () => NOW });
  await sage.record([
    { item: "food-1", vector: vectorOf("food-1"), weight: 2 },
    { item: "sport-1", vector: vectorOf("sport-1"), kind: "save", at: 0 },
  ]);
  await sage.hide("animal-1");
  return sage.export();
}

/** Open a sage on these stored bytes. */
async function openStored(bytes, options = {}) {
  const store = memoryStore();
  await store.save(bytes);
  const opening = openSage({ dim: DIM, store, ...options });
  return { opening, store };
}

/** Recompute the checksum in place. */
function withChecksum(bytes) {
  new DataView(bytes.buffer).setUint32(
    bytes.length - 4,
    withCore((core) => core.checksum(bytes.subarray(0, -4))),
    true,
  );
  return bytes;
}

/** Replace the header, with a valid checksum. */
function withHeader(bytes, change) {
  const length = new DataView(bytes.buffer).getUint32(12, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length)));
  const changed = change(header);
  const text = new TextEncoder().encode(JSON.stringify(changed === undefined ? header : changed));
  const padded = Math.ceil(text.length / 4) * 4;
  const rebuilt = new Uint8Array(16 + padded + bytes.length - 16 - length).fill(32);
  rebuilt.set(bytes.subarray(0, 16));
  rebuilt.set(text, 16);
  rebuilt.set(bytes.subarray(16 + length), 16 + padded);
  new DataView(rebuilt.buffer).setUint32(12, padded, true);
  return withChecksum(rebuilt);
}

test("the layout is the documented one", async () => {
  const bytes = await smallLog();
  const view = new DataView(bytes.buffer);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 8)), "sage.log");
  assert.equal(view.getUint32(8, true), 1);
  const length = view.getUint32(12, true);
  assert.equal(length % 4, 0);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length))), {
    dim: DIM,
    items: ["food-1", "sport-1"],
    kinds: ["save"],
    hidden: ["animal-1"],
    actions: {
      item: [0, 1],
      at: [NOW, 0],
      weight: [2, null],
      kind: [null, 0],
      vector: [true, true],
    },
  });
  assert.deepEqual(
    new Float32Array(bytes.slice(16 + length, -4).buffer).slice(DIM),
    vectorOf("sport-1"),
  );
  assert.equal(
    view.getUint32(bytes.length - 4, true),
    withCore((core) => core.checksum(bytes.subarray(0, -4))),
  );
});

test("every truncation is corrupt", async () => {
  const bytes = await smallLog();
  for (let length = 0; length < bytes.length; length++) {
    const { opening } = await openStored(bytes.slice(0, length));
    await rejects(opening, "corrupt", /not a stored profile, or a damaged one/i);
  }
});

test("every flipped bit is corrupt", async () => {
  const bytes = await smallLog();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    const { opening } = await openStored(flipped);
    await rejects(opening, "corrupt", /not a stored profile, or a damaged one/i);
  }
});

test("bytes appended are corrupt", async () => {
  const { opening } = await openStored(new Uint8Array([...(await smallLog()), 0]));
  await rejects(opening, "corrupt", /checksum/);
});

test("random bytes are corrupt", async () => {
  const random = seeded(3);
  for (let round = 0; round < 200; round++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 200) }, () => random() * 256);
    if (round % 2) bytes.set(new TextEncoder().encode("sage.log").subarray(0, bytes.length));
    const { opening } = await openStored(bytes);
    await rejects(opening, "corrupt", /./);
  }
});

test("a newer version is not corrupt; the message has the remedy", async () => {
  const bytes = await smallLog();
  new DataView(bytes.buffer).setUint32(8, 2, true);
  const { opening, store } = await openStored(withChecksum(bytes));
  await rejects(opening, "version", /version 2, expected 1: update pocketsage/);
  assert.deepEqual(await store.load(), bytes, "the store is unchanged");
});

test("vectors of another length are a dimension error", async () => {
  const { opening, store } = await openStored(await smallLog(), { dim: 3 });
  await rejects(opening, "dimension", /vectors of 8 numbers, expected 3/);
  assert.deepEqual(await store.load(), await smallLog());
});

const forged = [
  ["null", () => null],
  ["no actions", (header) => void delete header.actions],
  ["a dim of 0", (header) => void (header.dim = 0)],
  ["a dim that does not fit the vectors", (header) => void (header.dim = 9)],
  ["an index past the items", (header) => void (header.actions.item[1] = 2)],
  ["a kind index that is a string", (header) => void (header.actions.kind[1] = "save")],
  ["a negative index", (header) => void (header.actions.item[0] = -1)],
  ["a column that is shorter", (header) => void header.actions.at.pop()],
  ["a time that is null", (header) => void (header.actions.at[0] = null)],
  ["a weight of 0", (header) => void (header.actions.weight[0] = 0)],
  ["an item that is a number", (header) => void (header.items[0] = 7)],
  ["a hidden field that is no list", (header) => void (header.hidden = "animal-1")],
  ["a vector missing", (header) => void (header.actions.vector[0] = false)],
];
for (const [name, change] of forged) {
  test(`a header with ${name} is corrupt, even with a valid checksum`, async () => {
    const { opening } = await openStored(withHeader(await smallLog(), change));
    await rejects(opening, "corrupt", /./);
  });
}

test("a vector that is NaN is corrupt", async () => {
  const bytes = await smallLog();
  new DataView(bytes.buffer).setFloat32(bytes.length - 8, NaN, true);
  const { opening } = await openStored(withChecksum(bytes));
  await rejects(opening, "corrupt", /"sport-1" is not finite/);
});

test("a header that is not JSON is corrupt", async () => {
  const bytes = await smallLog();
  bytes[16] = 0x21;
  const { opening } = await openStored(withChecksum(bytes));
  await rejects(opening, "corrupt", /not JSON/);
});

test("decoding and encoding gives the same bytes", async () => {
  const bytes = await smallLog();
  const { opening } = await openStored(bytes);
  assert.deepEqual(await (await opening).export(), bytes);
});
