// What a custom store returns: bytes in the forms that key-value stores, databases and test
// environments have, and nothing as undefined or null.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { openSage } from "pocketsage";
import { encryptedStore } from "pocketsage/vault";
import { DIM, NOW, rejects, vectorOf } from "./world.mjs";

/** Uint8Array of another realm, as of an iframe, of jsdom or of a test runner. */
const ForeignUint8Array = runInNewContext("Uint8Array");

/** What a store returns for its bytes. */
const FORMS = {
  Buffer: (bytes) => Buffer.from(bytes),
  ArrayBuffer: (bytes) => Uint8Array.from(bytes).buffer,
  "Uint8Array of another realm": (bytes) => ForeignUint8Array.from(bytes),
  DataView: (bytes) => new DataView(Uint8Array.from(bytes).buffer),
  "list of bytes": (bytes) => [...bytes],
};

/** A store that returns its bytes in a form, and null if it has none; `more` of its members. */
function storeOf(form, more = () => ({})) {
  const state = { bytes: undefined };
  const current = () => (state.bytes ? form(state.bytes) : null);
  const save = async (bytes) => {
    state.bytes = Uint8Array.from(bytes);
  };
  return {
    load: async () => current(),
    save,
    clear: async () => {
      state.bytes = undefined;
    },
    ...more(current, save),
  };
}

const KINDS = {
  "load and save": undefined,
  update: (current, save) => ({ update: async (change) => save(change(current())) }),
};

const open = (store) => openSage({ dim: DIM, store, now: () => NOW });
const action = (item) => ({ item, vector: vectorOf(item) });

for (const [name, form] of Object.entries(FORMS))
  for (const [kind, more] of Object.entries(KINDS))
    test(`a store of a ${name}, by ${kind}`, async () => {
      const store = storeOf(form, more);
      const [one, two] = [await open(store), await open(store)];
      await one.record(action("food-1"));
      await two.record(action("food-2"));
      await one.record(action("sport-1"));
      await two.forget("food-1");
      const sage = await open(store);
      const items = (await sage.actions()).map(({ item, vector }) => [item, [...vector]]);
      assert.deepEqual(
        items.sort(),
        ["food-2", "sport-1"].map((item) => [item, [...vectorOf(item)]]),
      );
      await sage.forget("everything");
      assert.equal((await (await open(store)).profile()).actions, 0);
    });

test("an encrypted store over a store of another realm's bytes", async () => {
  const usages = ["encrypt", "decrypt"];
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, usages);
  const inner = storeOf(FORMS["Uint8Array of another realm"]);
  const store = encryptedStore(inner, { key });
  const sage = await open(store);
  await sage.record(action("food-1"));
  const again = await open(encryptedStore(inner, { key }));
  assert.deepEqual(
    (await again.actions()).map(({ item }) => item),
    ["food-1"],
  );
});

test("segments of another realm", async () => {
  const list = [];
  const sameRealm = storeOf(FORMS.Buffer);
  const segments = {
    read: async (token = 0) => ({
      segments: list.slice(token),
      token: list.length,
      complete: token === 0,
    }),
    append: async (bytes, token) =>
      token === list.length ? list.push(ForeignUint8Array.from(bytes)) : undefined,
    replace: async (bytes) => list.splice(0, list.length, ForeignUint8Array.from(bytes)).length,
  };
  const store = { ...sameRealm, segments };
  const sage = await open(store);
  await sage.record(action("food-1"));
  await sage.record(action("food-2"));
  assert.equal((await (await open(store)).profile()).actions, 2);
});

test("other values are corrupt, and nothing is written", async () => {
  for (const value of ["text", 5, {}, [300], [0.5], new Map(), false]) {
    let writes = 0;
    const store = {
      load: async () => value,
      save: async () => {
        writes += 1;
      },
      clear: async () => {},
    };
    await rejects(open(store), "corrupt", /no Uint8Array/);
    assert.equal(writes, 0);
  }
});
