// pocketsage/vault and pocketsage/migrate: values of another kind are errors with a code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, memoryStore, openSage } from "pocketsage";
import { migrateStore, rollback } from "pocketsage/migrate";
import { edgeStore, encryptedStore, exportJson, importJson, sync } from "pocketsage/vault";
import { rejects } from "./world.mjs";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
  "encrypt",
  "decrypt",
]);
const sage = await openSage({ dim: 2 });
const DEVICE = "0".repeat(32);
const noBlobs = { list: async () => [], get: async () => undefined, put: async () => undefined };

test("encryptedStore: stores and bytes of another kind", async () => {
  for (const store of [null, undefined, {}, { load: async () => undefined }])
    await rejects(() => encryptedStore(store, { key }), "option", /store: expected an object with/);
  const store = encryptedStore(memoryStore(), { key });
  for (const bytes of [null, undefined, "text", { length: 3 }]) {
    await rejects(store.save(bytes), "option", /expected a Uint8Array/);
    await rejects(
      store.update(() => bytes),
      "option",
      /expected a Uint8Array/,
    );
  }
  assert.equal(await store.load(), undefined);
});

test("sync: sages, blob stores and lists of another kind", async () => {
  for (const value of [null, {}, "x"]) {
    await rejects(sync(value, noBlobs, { key }), "option", /sage: expected an object with export/);
    await rejects(sync(sage, value, { key }), "option", /blobs: expected an object with list/);
  }
  const written = [];
  // A list of nothing would be written to as if no other device had a blob.
  for (const names of [undefined, null, 5, "abc", {}]) {
    const blobs = { ...noBlobs, list: async () => names, put: async () => written.push(names) };
    await rejects(sync(sage, blobs, { key }), "storage", /blobs\.list: expected a list of names/);
  }
  assert.deepEqual(written, []);
  const signal = new AbortController();
  await rejects(sync(sage, noBlobs, { key, signal }), "option", /expected an AbortSignal/);
});

test("the export in JSON: values of another kind, and a byte order mark", async () => {
  const text = await exportJson(sage);
  for (const value of [null, {}, 5]) {
    await rejects(exportJson(value), "option", /sage: expected an object with export, profile/);
    await rejects(importJson(value, text), "option", /sage: expected an object with import/);
    await rejects(importJson(sage, value), "option", /importJson: expected a string/);
  }
  assert.equal(await importJson(sage, `\ufeff${text}`), undefined);
});

test("edgeStore: tokens that no header can have are refused and not quoted", async () => {
  const requests = [];
  const fetch = async (...request) => requests.push(request);
  for (const token of ["secret\nx", "secret x", "sécret", undefined, null, 5, ""]) {
    const store = edgeStore({ url: "https://host.example", token: () => token, fetch });
    await assert.rejects(store.list(), ({ code, message, cause }) => {
      assert.equal(code, "option", message);
      assert.match(message, /token: expected printable ASCII/);
      assert.doesNotMatch(`${message} ${cause}`, /s.cret/);
      return true;
    });
  }
  assert.deepEqual(requests, []);
});

test("edgeStore: timeout and signal hold for tokens and fetches that ignore both", async (t) => {
  // The timer of AbortSignal.timeout does not keep Node alive.
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  const never = () => new Promise(() => undefined);
  const url = "https://host.example";
  for (const options of [
    { url, token: never },
    { url, token: "token", fetch: never },
  ]) {
    await rejects(
      edgeStore({ ...options, timeout: 20 }).list(),
      "storage",
      /no reply within 20 ms/,
    );
    const controller = new AbortController();
    const waiting = edgeStore(options).list(controller.signal);
    setTimeout(() => controller.abort(), 5);
    await rejects(waiting, "aborted", /./);
  }
  const store = edgeStore({ url, token: "token", fetch: never });
  await rejects(store.put(DEVICE, null), "option", /expected a Uint8Array/);
});

test("migrations: stores without all methods are refused before anything is written", async () => {
  const catalogue = await Catalogue.from([["a", [1, 0]]], { dim: 2 });
  const written = [];
  const partial = { load: async () => undefined, save: async () => written.push("save") };
  for (const store of [null, {}, partial]) {
    const expected = /expected an object with load, save, clear/;
    await rejects(migrateStore(store, memoryStore(), catalogue, catalogue), "option", expected);
    await rejects(migrateStore(memoryStore(), store, catalogue, catalogue), "option", expected);
    await rejects(rollback(memoryStore(), store), "option", expected);
  }
  assert.deepEqual(written, []);
});
