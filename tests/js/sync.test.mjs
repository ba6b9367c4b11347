// pocketsage/vault: devices that sync through a store of sealed blobs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openSage } from "pocketsage";
import { sync } from "pocketsage/vault";
import { seeded } from "./items.mjs";
import { assertNoPlaintext } from "./plaintext.mjs";
import { ITEMS, NOW, rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();
const newKey = () =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const key = await newKey();
const NAMES = ["a", "b", "c"].map((digit) => digit.repeat(32));
const open = (options = {}) => openSage({ catalogue, now: () => NOW, ...options });
const itemsOf = async (sage) =>
  (await sage.actions({ count: 1000 })).map(({ item }) => item).sort();

/** A blob store that keeps every version of each blob. */
function createBlobs() {
  const versions = new Map();
  return {
    versions,
    list: async () => versions.keys(),
    get: async (name) => versions.get(name)?.at(-1),
    put: async (name, bytes) => {
      if (!versions.has(name)) versions.set(name, []);
      versions.get(name).push(bytes.slice());
    },
  };
}

/** The same store with lost writes, lists that lack or repeat a name, old versions, failures. */
function withFaults(blobs, random) {
  const happens = (probability) => random() < probability;
  return {
    list: async () => {
      const names = [...(await blobs.list())];
      return names.flatMap((name) => (happens(0.2) ? [] : happens(0.2) ? [name, name] : [name]));
    },
    get: async (name) => {
      const all = blobs.versions.get(name);
      if (happens(0.1)) return undefined;
      if (happens(0.1)) throw new Error("the network is down");
      return happens(0.3) ? all[Math.floor(random() * all.length)] : all.at(-1);
    },
    put: async (name, bytes) => {
      if (happens(0.2)) return;
      if (happens(0.1)) throw new Error("the network is down");
      await blobs.put(name, bytes);
    },
  };
}

/** One change of a sage, of a random kind. */
async function change(sage, random) {
  const item = ITEMS[Math.floor(random() * ITEMS.length)];
  const kind = Math.floor(random() * 8);
  if (kind === 0) await sage.forget(item);
  else if (kind === 1) await sage.hide(item);
  else if (kind === 2) await sage.unhide(item);
  else if (kind === 3 && random() < 0.1) await sage.forget("everything");
  else if (kind === 3) await sage.forget({ from: NOW - 2 * 60_000, to: NOW - 60_000 });
  else await sage.record({ item, at: NOW - Math.floor(random() * 10) * 60_000 });
}

for (let seed = 0; seed < 12; seed += 1)
  test(`three devices converge through a faulty store, schedule ${seed}`, async () => {
    const random = seeded(seed);
    const sages = await Promise.all(NAMES.map(() => open()));
    const blobs = createBlobs();
    const faulty = withFaults(blobs, random);
    for (let step = 0; step < 60; step += 1) {
      const index = Math.floor(random() * 3);
      if (random() < 0.6) await change(sages[index], random);
      else
        await sync(sages[index], faulty, { key, device: NAMES[index] }).catch((error) =>
          assert.equal(error.code, "storage", error.stack),
        );
    }
    // The reference: the logs merged without any blob store.
    const reference = await open();
    for (const sage of sages) await reference.import(await sage.export());
    for (let round = 0; round < 2; round += 1)
      for (const [index, sage] of sages.entries()) {
        const report = await sync(sage, blobs, { key, device: NAMES[index] });
        assert.deepEqual(report.unreadable, []);
      }
    const expected = await reference.export();
    for (const sage of sages) {
      assert.deepEqual(await sage.export(), expected);
      assert.deepEqual(await itemsOf(sage), await itemsOf(reference));
      assert.deepEqual(await sage.hidden(), await reference.hidden());
    }
    // Nothing is left to write.
    for (const [index, sage] of sages.entries()) {
      const report = await sync(sage, blobs, { key, device: NAMES[index] });
      assert.deepEqual(report, {
        device: NAMES[index],
        devices: 3,
        isWritten: false,
        unreadable: [],
      });
    }
    for (const bytes of [...blobs.versions.values()].flat()) {
      assertNoPlaintext(bytes, [...ITEMS, "sage.log"]);
      assert.ok(bytes.length >= 4096 && Number.isInteger(Math.log2(bytes.length)));
    }
  });

test("a deletion wins over an old blob that the store serves again", async () => {
  const blobs = createBlobs();
  const [a, b] = [await open(), await open()];
  await a.record([{ item: "food-1" }, { item: "food-2" }]);
  await sync(a, blobs, { key, device: NAMES[0] });
  await sync(b, blobs, { key, device: NAMES[1] });
  const old = new Map([...blobs.versions].map(([name, [first]]) => [name, first]));
  await b.forget("food-1");
  await sync(b, blobs, { key, device: NAMES[1] });
  const replay = { ...blobs, list: async () => old.keys(), get: async (name) => old.get(name) };
  await sync(b, replay, { key, device: NAMES[1] });
  assert.deepEqual(await itemsOf(b), ["food-2"]);
  await sync(a, blobs, { key, device: NAMES[0] });
  assert.deepEqual(await itemsOf(a), ["food-2"]);
  const fresh = await open();
  await sync(fresh, blobs, { key });
  assert.deepEqual(await itemsOf(fresh), ["food-2"]);
});

test("lengths are classes: few actions more do not show", async () => {
  const lengthFor = async (count) => {
    const blobs = createBlobs();
    const sage = await open();
    await sage.record(
      Array.from({ length: count }, (_, row) => ({ item: ITEMS[row % ITEMS.length] })),
    );
    const { device } = await sync(sage, blobs, { key });
    return (await blobs.get(device)).length;
  };
  assert.equal(await lengthFor(0), 4096);
  assert.equal(await lengthFor(3), 4096);
  assert.ok((await lengthFor(300)) > 4096);
});

test("the name of a device is random, returned, and used again", async () => {
  const blobs = createBlobs();
  const sage = await open();
  await sage.record({ item: "food-1" });
  const { device, isWritten } = await sync(sage, blobs, { key });
  assert.match(device, /^[0-9a-f]{32}$/);
  assert.equal(isWritten, true);
  assert.equal((await sync(sage, blobs, { key, device })).isWritten, false);
  assert.equal(blobs.versions.size, 1);
  const other = await sync(await open(), blobs, { key });
  assert.notEqual(other.device, device);
  assert.equal(other.devices, 2);
});

test("a passphrase syncs devices that began on their own; a wrong one writes nothing", async () => {
  const blobs = createBlobs();
  const [a, b] = [await open(), await open()];
  await a.record({ item: "food-1" });
  await b.record({ item: "sport-1" });
  const offline = createBlobs();
  await sync(b, offline, { passphrase: "word", device: NAMES[1] });
  await sync(a, blobs, { passphrase: "word", device: NAMES[0] });
  await blobs.put(NAMES[1], await offline.get(NAMES[1])); // sealed with another salt
  await sync(a, blobs, { passphrase: "word", device: NAMES[0] });
  assert.deepEqual(await itemsOf(a), ["food-1", "sport-1"]);

  const count = [...blobs.versions.values()].flat().length;
  const stranger = await open({ store: memoryStore() });
  await stranger.record({ item: "animal-1" });
  const wrong = sync(stranger, blobs, { passphrase: "other", device: NAMES[2] });
  await rejects(wrong, "option", /the passphrase is wrong, or the data are damaged/);
  assert.equal([...blobs.versions.values()].flat().length, count);
  assert.deepEqual(await itemsOf(stranger), ["animal-1"]);
});

test("damaged, renamed and foreign blobs are skipped and reported", async () => {
  const blobs = createBlobs();
  const [a, b] = [await open(), await open()];
  await a.record({ item: "food-1" });
  await b.record({ item: "sport-1" });
  await sync(a, blobs, { key, device: NAMES[0] });
  await sync(b, blobs, { key, device: NAMES[1] });
  const renamed = "d".repeat(32);
  const cut = "e".repeat(32);
  const altered = "f".repeat(32);
  const sealed = await blobs.get(NAMES[1]);
  await blobs.put(renamed, sealed);
  await blobs.put(cut, sealed.slice(0, 50));
  const bits = sealed.slice();
  bits[200] ^= 1;
  await blobs.put(altered, bits);
  await blobs.put("notes.txt", Uint8Array.of(1));
  const report = await sync(a, blobs, { key, device: NAMES[0] });
  assert.deepEqual(report.unreadable, [renamed, cut, altered]);
  assert.equal(report.devices, 2);
  assert.deepEqual(await itemsOf(a), ["food-1", "sport-1"]);
});

test("a signal stops before the next call; a failing store is code storage", async () => {
  const blobs = createBlobs();
  const sage = await open();
  await sage.record({ item: "food-1" });
  const controller = new AbortController();
  const slow = {
    ...blobs,
    list: async () => {
      controller.abort();
      return [];
    },
  };
  const aborted = sync(sage, slow, { key, signal: controller.signal });
  await rejects(aborted, "aborted", /signal/);
  assert.equal(blobs.versions.size, 0);
  const broken = { ...blobs, put: () => Promise.reject(new Error("no space")) };
  await rejects(sync(sage, broken, { key }), "storage", /blob store failed.*no space/);
});

test("sync refuses invalid options and more than 100 blobs", async () => {
  const [sage, blobs] = [await open(), createBlobs()];
  await rejects(sync(sage, blobs, {}), "option", /either a `key` or a `passphrase`/);
  await rejects(sync(sage, blobs, { key, device: "me" }), "option", /32 hexadecimal digits.*"me"/);
  await rejects(sync(sage, blobs, { key, nam: 1 }), "option", /nam/);
  const many = {
    ...blobs,
    list: async () =>
      Array.from({ length: 101 }, (_, index) => index.toString(16).padStart(32, "0")),
  };
  await rejects(sync(sage, many, { key }), "option", /101 blobs, expected at most 100/);
});
