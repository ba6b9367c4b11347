// The binary log format: damage is always detected, and a newer version is not reported as damage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { init, memoryStore, openSage } from "pocketsage";
import { withCore } from "../../pkg/core/glue.js";
import { DAY, DIM, NOW, rejects, seeded, vectorOf } from "./world.mjs";

await init();

/** A small log that uses every field. */
async function smallLog() {
  const sage = await openSage({ dim: DIM, now: () => NOW });
  await sage.forget("everything");
  await sage.forget("food-1");
  await sage.forget({ to: NOW - DAY });
  await sage.record([
    { item: "food-1", vector: vectorOf("food-1"), weight: 2 },
    { item: "sport-1", vector: vectorOf("sport-1"), kind: "save", at: 0 },
  ]);
  await sage.hide(["animal-1", "animal-2"]);
  await sage.unhide("animal-2");
  return sage.export();
}

/** The header of a log. */
function headerOf(bytes) {
  const length = new DataView(bytes.buffer).getUint32(12, true);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length)));
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
  const header = headerOf(bytes);
  const changed = change(header);
  const text = new TextEncoder().encode(JSON.stringify(changed === undefined ? header : changed));
  const padded = Math.ceil(text.length / 4) * 4;
  const rebuilt = new Uint8Array(bytes.length + padded - length).fill(32);
  rebuilt.set(bytes.subarray(0, 20));
  rebuilt.set(text, 20);
  rebuilt.set(bytes.subarray(20 + length), 20 + padded);
  new DataView(rebuilt.buffer).setUint32(12, padded, true);
  new DataView(rebuilt.buffer).setUint32(16, rebuilt.length, true);
  return withChecksum(rebuilt);
}

test("the layout is the documented one", async () => {
  const bytes = await smallLog();
  const view = new DataView(bytes.buffer);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 8)), "sage.log");
  assert.equal(view.getUint32(8, true), 2);
  const length = view.getUint32(12, true);
  assert.equal(length % 4, 0);
  assert.equal(view.getUint32(16, true), bytes.length);
  const { devices, tombstones, ...header } = headerOf(bytes);
  assert.equal(devices.length, 1);
  const [device] = devices;
  assert.match(device, /^[0-9a-f]{16}$/);
  assert.deepEqual(header, {
    dim: DIM,
    actions: [
      [5, 0, "food-1", NOW, 2, null, 1, [{ counter: 3, device }]],
      [6, 0, "sport-1", 0, null, "save", 1, [{ counter: 4, device }]],
    ],
    hidden: [{ counter: 7, device, item: "animal-1", after: [{ counter: 2, device }] }],
  });
  const [everything, item, range, unhide] = tombstones;
  assert.deepEqual(everything, { counter: 2, device, time: NOW, all: true });
  assert.deepEqual(range, { counter: 4, device, time: NOW, from: null, to: NOW - DAY });
  const { salt, hash } = item;
  assert.match(salt, /^[0-9a-f]{32}$/);
  assert.match(hash, /^[0-9a-f]{16}$/);
  assert.deepEqual(item, { counter: 3, device, time: NOW, salt, hash });
  assert.deepEqual(unhide, {
    counter: 9,
    device,
    time: NOW,
    salt,
    hash: unhide.hash,
    unhide: true,
  });
  assert.deepEqual(
    new Float32Array(bytes.slice(20 + length, -4).buffer).slice(DIM),
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
  await rejects(opening, "corrupt", /only 1 bytes/);
});

test("logs one after the other are their union", async () => {
  const [one, two] = await Promise.all([smallLog(), smallLog()]);
  const { opening } = await openStored(new Uint8Array([...one, ...two]));
  const other = await openSage({ dim: DIM, now: () => NOW });
  await other.import(two);
  await other.import(one);
  assert.deepEqual(await (await opening).export(), await other.export());
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
  new DataView(bytes.buffer).setUint32(8, 3, true);
  const { opening, store } = await openStored(withChecksum(bytes));
  await rejects(opening, "version", /version 3, expected at most 2: update pocketsage/);
  assert.deepEqual(await store.load(), bytes, "the store is unchanged");
});

test("vectors of another length are a dimension error", async () => {
  const bytes = await smallLog();
  const { opening, store } = await openStored(bytes, { dim: 3 });
  await rejects(opening, "dimension", /vectors of 8 numbers, expected 3: .*pocketsage.migrate/);
  assert.deepEqual(await store.load(), bytes);
});

const forged = [
  ["null", () => null],
  ["no actions", (header) => void delete header.actions],
  ["a dim of 0", (header) => void (header.dim = 0)],
  ["a dim that does not fit the vectors", (header) => void (header.dim = 9)],
  ["an action that is a name", (header) => void (header.actions[1] = "sport-1")],
  ["an action that is short", (header) => void (header.actions[1].length = 3)],
  ["a kind that is a number", (header) => void (header.actions[1][5] = 0)],
  ["a time that is null", (header) => void (header.actions[0][3] = null)],
  ["a weight of 0", (header) => void (header.actions[0][4] = 0)],
  ["an item that is a number", (header) => void (header.actions[0][2] = 7)],
  ["an item that is empty", (header) => void (header.hidden[0].item = "")],
  ["an item of half a character", (header) => void (header.actions[0][2] = "\ud800")],
  ["an item of 65,536 bytes", (header) => void (header.hidden[0].item = "x".repeat(65_536))],
  ["hidden items without a list", (header) => void (header.hidden = "animal-1")],
  ["a hidden item that is a name", (header) => void (header.hidden[0] = "animal-1")],
  ["a hidden item with a time", (header) => void (header.hidden[0].at = 1)],
  ["a hidden item that is a tombstone", (header) => void (header.hidden[0].time = 1)],
  ["a device that is no hash", (header) => void (header.devices[0] = "me")],
  ["a device index past the devices", (header) => void (header.actions[0][1] = 1)],
  ["a counter below 0", (header) => void (header.actions[0][0] = -1)],
  ["a counter that is not exact", (header) => void (header.hidden[0].counter = 2 ** 53)],
  ["a list of stamps that is an object", (header) => void (header.actions[0][7] = {})],
  ["a list of stamps that are none", (header) => void (header.actions[0][7] = [7])],
  ["a tombstone that is null", (header) => void (header.tombstones[0] = null)],
  ["a tombstone without a target", (header) => void delete header.tombstones[0].all],
  ["a tombstone after no list", (header) => void (header.tombstones[0].after = 7)],
  ["a tombstone after null", (header) => void (header.tombstones[0].after = null)],
  ["a hidden item after null", (header) => void (header.hidden[0].after = null)],
  ["a factor that is null", (header) => void (header.hidden[0].factor = null)],
  ["a factor that is text", (header) => void (header.hidden[0].factor = "5")],
  ["a factor that is a list", (header) => void (header.hidden[0].factor = [])],
  ["a flag that is null", (header) => void (header.tombstones[1].unhide = null)],
  ["a flag that is false", (header) => void (header.tombstones[1].undislike = false)],
  ["a tombstone that is an action", (header) => void (header.tombstones[0].at = 7)],
  ["a tombstone without a time", (header) => void delete header.tombstones[1].time],
  ["a tombstone without a salt", (header) => void delete header.tombstones[1].salt],
  ["a tombstone with a short hash", (header) => void (header.tombstones[1].hash = "0a")],
  ["a range that is text", (header) => void (header.tombstones[2].to = "now")],
  ["a space that is a number", (header) => void (header.space = 7)],
  ["a vector missing", (header) => void (header.actions[0][6] = 0)],
  ["2 vectors", (header) => void header.actions.push([9, 0, "a", 0, null, null, 2])],
];
for (const [name, change] of forged) {
  test(`a header with ${name} is corrupt, even with a valid checksum`, async () => {
    const { opening } = await openStored(withHeader(await smallLog(), change));
    await rejects(opening, "corrupt", /./);
  });
}

for (const value of [NaN, Infinity, -Infinity]) {
  test(`a vector with ${value} is corrupt`, async () => {
    const bytes = await smallLog();
    new DataView(bytes.buffer).setFloat32(bytes.length - 8, value, true);
    const { opening } = await openStored(withChecksum(bytes));
    await rejects(opening, "corrupt", /"sport-1" is not finite/);
  });
}

test("a segment may begin at any byte of its buffer", async () => {
  const bytes = await smallLog();
  for (let offset = 0; offset < 8; offset += 1) {
    const buffer = new Uint8Array(offset + bytes.length);
    buffer.set(bytes, offset);
    const segments = [buffer.subarray(offset)];
    const read = async () => ({ segments, token: 1, complete: true });
    const store = { ...memoryStore(), segments: { ...memoryStore().segments, read } };
    const sage = await openSage({ dim: DIM, store });
    assert.deepEqual(await sage.export(), bytes, `offset ${offset}`);
  }
});

test("a store without segments may reuse the bytes it has loaded", async () => {
  const bytes = await smallLog();
  const loaded = bytes.slice();
  const sage = await openSage({
    dim: DIM,
    store: { load: async () => loaded, save: async () => {}, clear: async () => {} },
  });
  const actions = await sage.actions();
  loaded.fill(0, 20);
  assert.deepEqual(await sage.actions(), actions);
});

test("a header that is not JSON is corrupt", async () => {
  const bytes = await smallLog();
  bytes[20] = 0x21;
  const { opening } = await openStored(withChecksum(bytes));
  await rejects(opening, "corrupt", /does not describe a log/);
});

test("decoding and encoding gives the same bytes", async () => {
  const bytes = await smallLog();
  const { opening } = await openStored(bytes);
  assert.deepEqual(await (await opening).export(), bytes);
});
