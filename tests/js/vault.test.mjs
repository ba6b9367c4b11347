// pocketsage/vault: stores sealed with AES-GCM. What the inner store gets, and which alterations of
// it are noticed.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { indexedDbStore, memoryStore, openSage } from "pocketsage";
import { openPrivacy } from "pocketsage/privacy";
import { encryptedStore, sync } from "pocketsage/vault";
import { assertNoPlaintext } from "./plaintext.mjs";
import { actionsOn, NOW, rejects, smallCatalogue } from "./world.mjs";

const RECORD_OVERHEAD_BYTES = 84;
const catalogue = await smallCatalogue();
const newKey = (length = 256, usages = ["encrypt", "decrypt"]) =>
  crypto.subtle.generateKey({ name: "AES-GCM", length }, false, usages);
const key = await newKey();
const open = (store, options = {}) => openSage({ catalogue, store, now: () => NOW, ...options });
const itemsOf = async (sage) => (await sage.actions()).map(({ item }) => item).sort();

/** A store of one array, without `update` and segments. */
function plainStore(bytes) {
  const store = {
    bytes,
    load: async () => store.bytes,
    save: async (given) => void (store.bytes = given),
    clear: async () => void (store.bytes = undefined),
  };
  return store;
}

/** All segments of a store, to alter them and to put them back. */
async function segmentsOf(store) {
  return (await store.segments.read()).segments.map((bytes) => bytes.slice());
}

async function putSegments(store, segments) {
  await store.clear();
  for (const bytes of segments)
    await store.segments.append(bytes, (await store.segments.read()).token);
}

beforeEach(() => Object.assign(globalThis, { indexedDB: new IDBFactory(), IDBKeyRange }));
afterEach(() => {
  delete globalThis.indexedDB;
  delete globalThis.IDBKeyRange;
});

const INNER = {
  memory: () => memoryStore(),
  IndexedDB: () => indexedDbStore("me"),
  "load and save": () => plainStore(),
  "load, save and update": () => {
    const store = plainStore();
    store.update = async (change) => (store.bytes = change(store.bytes));
    return store;
  },
};
for (const [name, create] of Object.entries(INNER))
  test(`a profile survives in ${name}, which gets no plaintext`, async () => {
    const inner = create();
    const sage = await open(encryptedStore(inner, { key }));
    await sage.record(actionsOn("food-1", "sport-1"));
    await sage.record(actionsOn("food-2"));
    await sage.hide("animal-3");
    await sage.close();
    assertNoPlaintext(await inner.load(), ["food-1", "sport-1", "food-2", "animal-3", "sage.log"]);
    const again = await open(encryptedStore(inner, { key }));
    assert.deepEqual(await itemsOf(again), ["food-1", "food-2", "sport-1"]);
    assert.deepEqual(await again.hidden(), ["animal-3"]);
    await again.forget("food-1");
    await again.close();
    assert.deepEqual(await itemsOf(await open(encryptedStore(inner, { key }))), [
      "food-2",
      "sport-1",
    ]);
  });

test("two sages share one encrypted store, and neither loses actions", async () => {
  const inner = indexedDbStore("me");
  const [a, b] = await Promise.all([1, 2].map(() => open(encryptedStore(inner, { key }))));
  await Promise.all(
    Array.from({ length: 12 }, (_, index) => (index % 2 ? a : b).record({ item: `food-${index}` })),
  );
  await Promise.all([a.close(), b.close()]);
  const items = await itemsOf(await open(encryptedStore(inner, { key })));
  assert.equal(items.length, 12);
});

test("a passphrase opens what it sealed, also in its other Unicode form", async () => {
  const inner = memoryStore();
  await encryptedStore(inner, { passphrase: "caf\u00e9" }).save(Uint8Array.of(1, 2, 3));
  const again = encryptedStore(inner, { passphrase: "cafe\u0301" });
  assert.deepEqual(await again.load(), Uint8Array.of(1, 2, 3));
  const [record] = await segmentsOf(inner);
  assert.equal(new DataView(record.buffer).getUint32(12, true), 600_000);
});

test("a wrong passphrase or key is rejected, and the data are kept", async () => {
  const inner = memoryStore();
  const sage = await open(encryptedStore(inner, { passphrase: "right" }));
  await sage.record(actionsOn("food-1"));
  await sage.close();
  const before = await inner.load();
  const wrong = encryptedStore(inner, { passphrase: "wrong" });
  for (const unreadable of ["reject", "set-aside"])
    await rejects(open(wrong, { unreadable }), "option", /the passphrase is wrong, or the data/);
  await rejects(wrong.save(Uint8Array.of(1)), "option", /passphrase is wrong/);
  await rejects(
    wrong.update(() => Uint8Array.of(1)),
    "option",
    /passphrase is wrong/,
  );
  await rejects(open(encryptedStore(inner, { key })), "option", /sealed with a passphrase/);
  assert.deepEqual(await inner.load(), before);
  const right = encryptedStore(inner, { passphrase: "right" });
  assert.deepEqual(await itemsOf(await open(right)), ["food-1"]);

  const withKey = memoryStore();
  await encryptedStore(withKey, { key }).save(Uint8Array.of(1));
  const other = encryptedStore(withKey, { key: await newKey() });
  await rejects(other.load(), "option", /the key is wrong/);
  await rejects(encryptedStore(withKey, { passphrase: "a" }).load(), "option", /with a key/);
});

test("every alteration of segments but a missing end is noticed", async () => {
  const inner = memoryStore();
  const store = encryptedStore(inner, { key });
  const append = async (...bytes) =>
    store.segments.append(Uint8Array.from(bytes), (await store.segments.read()).token);
  await append(1);
  await append(2);
  await append(3);
  const [first, second, third] = await segmentsOf(inner);
  const fresh = () => encryptedStore(inner, { key });

  // One bit of any byte.
  for (let index = 0; index < second.length; index += 1) {
    const altered = second.slice();
    altered[index] ^= 1;
    await putSegments(inner, [first, altered, third]);
    await assert.rejects(fresh().load(), { name: "SageError" }, `byte ${index}`);
  }
  // Another list, sealed with the same key.
  const other = memoryStore();
  const otherStore = encryptedStore(other, { key });
  await otherStore.save(Uint8Array.of(1));
  await otherStore.segments.append(Uint8Array.of(2), (await otherStore.segments.read()).token);
  const [otherFirst, otherSecond] = await segmentsOf(other);
  const lists = {
    swapped: [first, third, second],
    repeated: [first, second, second, third],
    "missing in the middle": [first, third],
    "missing at the beginning": [second, third],
    "of another list": [first, otherSecond, third],
    "of another beginning": [otherFirst, second, third],
    cut: [first, second, third.slice(0, -1)],
    short: [first, second, third.slice(0, 20)],
    "in clear": [first, second, Uint8Array.of(1, 2, 3)],
  };
  for (const [name, list] of Object.entries(lists)) {
    await putSegments(inner, list);
    await rejects(fresh().load(), "corrupt", /damaged or altered/).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
  // Not noticed, as documented: an earlier state that the store once had.
  await putSegments(inner, [first, second]);
  assert.deepEqual(await fresh().load(), Uint8Array.of(1, 2));
  await putSegments(inner, [first, second, third]);
  assert.deepEqual(await fresh().load(), Uint8Array.of(1, 2, 3));
});

test("two histories that branch from one segment cannot be mixed", async () => {
  const inner = memoryStore();
  const store = encryptedStore(inner, { key });
  await store.save(Uint8Array.of(0));
  const base = await segmentsOf(inner);
  const branch = async (...values) => {
    await putSegments(inner, base);
    const branched = encryptedStore(inner, { key });
    for (const value of values)
      await branched.segments.append(Uint8Array.of(value), (await branched.segments.read()).token);
    return segmentsOf(inner);
  };
  const [, , a2] = await branch(1, 2);
  const [, b1] = await branch(3, 4);
  await putSegments(inner, [base[0], b1, a2]);
  await rejects(encryptedStore(inner, { key }).load(), "corrupt", /altered/);
});

test("the search for plaintext finds it in every encoding", () => {
  const texts = ["food-1"];
  const found = { name: "AssertionError" };
  for (const encoding of ["utf8", "utf16le"])
    for (const before of ["", "a", "ab"]) {
      const bytes = Buffer.from(`${before}food-1 and more`, encoding);
      assert.throws(() => assertNoPlaintext(bytes, texts), found);
      const base64 = Buffer.from(bytes.toString("base64"));
      assert.throws(() => assertNoPlaintext(base64, texts), found, `${encoding} ${before}`);
    }
});

test("every write has its own nonce", async () => {
  const inner = memoryStore();
  const store = encryptedStore(inner, { key });
  const nonces = new Set();
  for (let index = 0; index < 200; index += 1) {
    await store.save(Uint8Array.of(7));
    const [record] = await segmentsOf(inner);
    assert.equal(record.length, RECORD_OVERHEAD_BYTES + 1);
    nonces.add(Buffer.from(record.slice(56, 68)).toString("hex"));
  }
  assert.equal(nonces.size, 200);
});

test("a store in clear is refused, or migrated on purpose", async () => {
  const inner = indexedDbStore("me");
  const before = await open(inner);
  await before.record(actionsOn("food-1"));
  await before.record(actionsOn("food-2"));
  await before.close();
  const clear = await inner.load();
  await rejects(open(encryptedStore(inner, { key })), "option", /in clear.*migrate: true/);
  assert.deepEqual(await inner.load(), clear);

  const migrated = await open(encryptedStore(inner, { key, migrate: true }));
  assert.deepEqual(await itemsOf(migrated), ["food-1", "food-2"]);
  assertNoPlaintext(await inner.load(), ["food-1", "food-2", "sage.log"]);
  await migrated.record(actionsOn("food-3"));
  await migrated.close();
  const after = await open(encryptedStore(inner, { key }));
  assert.deepEqual(await itemsOf(after), ["food-1", "food-2", "food-3"]);
  await after.close();
  // Without the wrapper, the sage does not overwrite what it cannot read.
  await rejects(open(inner), "corrupt", /does not begin with/);
});

test("forgetting everything and clear() work, clear() with any secret", async () => {
  const inner = indexedDbStore("me");
  const sage = await open(encryptedStore(inner, { key }));
  await sage.record(actionsOn("food-1"));
  assert.equal(await sage.forget("everything"), 1);
  await sage.close();
  assert.deepEqual(await itemsOf(await open(encryptedStore(inner, { key }))), []);
  await encryptedStore(inner, { key: await newKey() }).clear();
  assert.equal(await inner.load(), undefined);
  assert.equal(await encryptedStore(inner, { passphrase: "any" }).load(), undefined);
});

test("unreadable bytes are set aside encrypted", async () => {
  const inner = memoryStore();
  const aside = [];
  inner.setAside = async (bytes) => void aside.push(bytes);
  await encryptedStore(inner, { key }).save(new TextEncoder().encode("no log: food-1"));
  const sage = await open(encryptedStore(inner, { key }), { unreadable: "set-aside" });
  assert.deepEqual(await itemsOf(sage), []);
  assert.equal(aside.length, 1);
  assertNoPlaintext(aside[0], ["food-1"]);
});

test("the ledger of pocketsage/privacy can be encrypted", async () => {
  const inner = indexedDbStore("privacy");
  const openLedger = () =>
    openPrivacy({ mode: "local", catalogue, store: encryptedStore(inner, { key }) });
  const privacy = await openLedger();
  await privacy.neverSend(["food-7"]);
  assertNoPlaintext(await inner.load(), ["food-7", "never"]);
  const ledger = (await openLedger()).exportLedger();
  assert.match(new TextDecoder().decode(ledger), /food-7/);
});

test("update is called again after another writer was first", async () => {
  const inner = memoryStore();
  const [a, b] = [1, 2].map(() => encryptedStore(inner, { key }));
  const add = (value) => (current) => Uint8Array.of(...(current ?? []), value);
  await Promise.all(
    Array.from({ length: 20 }, (_, value) => (value % 2 ? a : b).update(add(value))),
  );
  const values = [...(await a.load())].sort((x, y) => x - y);
  assert.deepEqual(
    values,
    Array.from({ length: 20 }, (_, value) => value),
  );
});

test("an encrypted store refuses invalid options", async () => {
  const inner = memoryStore();
  const fails = (options, message) =>
    rejects(() => encryptedStore(inner, options), "option", message);
  await fails({}, /either a `key` or a `passphrase`/);
  await fails({ key, passphrase: "a" }, /either/);
  await fails({ passphrase: "" }, /not empty/);
  await fails({ key: "secret" }, /CryptoKey of AES-GCM, 256 bits/);
  await fails({ key: await newKey(128) }, /saw AES-GCM, 128 bits/);
  await fails({ key: await newKey(256, ["decrypt"]) }, /"encrypt" and "decrypt"/);
  await fails({ key, pass: 1 }, /pass/);
  const record = memoryStore();
  await encryptedStore(record, { passphrase: "a" }).save(Uint8Array.of(1));
  const [bytes] = await segmentsOf(record);
  new DataView(bytes.buffer).setUint32(12, 1000, true);
  await putSegments(record, [bytes]);
  await rejects(encryptedStore(record, { passphrase: "a" }).load(), "corrupt", /1000 iterations/);
  new DataView(bytes.buffer).setUint32(8, 2, true);
  await putSegments(record, [bytes]);
  await rejects(encryptedStore(record, { passphrase: "a" }).load(), "version", /update pocketsage/);
});

test("without cryptographic randomness nothing is stored or sent", async (t) => {
  const key = await newKey();
  const sage = await openSage({ dim: 2 });
  await sage.record({ item: "a", vector: [1, 0] });
  const disk = memoryStore();
  const sent = [];
  const blobs = {
    list: async () => [],
    get: async () => undefined,
    put: async (name) => sent.push(name),
  };
  t.mock.method(globalThis.crypto, "getRandomValues", () => {
    throw new Error("unavailable");
  });
  const sealed = encryptedStore(disk, { key });
  await rejects(sealed.save(new Uint8Array(9)), "not-ready", /No cryptographic randomness/);
  await rejects(sync(sage, blobs, { key }), "not-ready", /No cryptographic randomness/);
  assert.equal(await disk.load(), undefined);
  assert.deepEqual(sent, []);
});
