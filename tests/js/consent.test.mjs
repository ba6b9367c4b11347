// pocketsage/vault: without consent nothing is stored or sent; withdrawing erases.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { indexedDbStore, memoryStore, openSage } from "pocketsage";
import { openPrivacy } from "pocketsage/privacy";
import { consentGate, edgeStore, sync } from "pocketsage/vault";
import { NOW, rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (store, options = {}) => openSage({ catalogue, store, now: () => NOW, ...options });
const NONE = /There is no consent: nothing was stored or sent/;

/** A memory store that counts its calls. */
function countedStore() {
  const store = memoryStore();
  const counted = { calls: 0 };
  for (const method of ["load", "save", "update", "clear"])
    counted[method] = (...args) => {
      counted.calls += 1;
      return store[method](...args);
    };
  return counted;
}

beforeEach(() => Object.assign(globalThis, { indexedDB: new IDBFactory(), IDBKeyRange }));
afterEach(() => {
  delete globalThis.indexedDB;
  delete globalThis.IDBKeyRange;
});

test("without consent no store is called and nothing is sent", async () => {
  const gate = consentGate({ given: false, name: "none" });
  const inner = countedStore();
  const store = gate.guardStore(inner);
  await rejects(open(store), "aborted", NONE);
  await rejects(store.save(Uint8Array.of(1)), "aborted", NONE);
  assert.equal(inner.calls, 0);
  let requests = 0;
  const retriever = gate.guardRetriever(async () => {
    requests += 1;
    return [];
  });
  await rejects(retriever([]), "aborted", NONE);
  await rejects(
    gate.open(() => open(inner)),
    "aborted",
    NONE,
  );
  assert.equal(inner.calls + requests, 0);
  const blobs = {
    list: async () => {
      requests += 1;
      return [];
    },
    get: async () => {},
    put: async () => {},
  };
  const sage = await open(memoryStore());
  const options = { passphrase: "a", signal: gate.signal };
  await rejects(sync(sage, blobs, options), "aborted", /signal/);
  assert.equal(requests, 0);
  gate.close();
});

test("check stops the messages of pocketsage/privacy", async () => {
  const gate = consentGate({ given: false, name: "outbound" });
  let requests = 0;
  const options = {
    mode: "medoids",
    catalogue,
    retriever: async (queries) => {
      requests += 1;
      return queries.map(() => []);
    },
    onOutbound: () => gate.check(),
  };
  const privacy = await openPrivacy(options);
  const query = { item: "food-1", vector: catalogue.vector("food-1"), count: 5 };
  await rejects(privacy.release([query]), "aborted", NONE);
  assert.equal(requests, 0);
  gate.close();
});

test("withdrawing erases the sage, its store and the ledger", async () => {
  const gate = consentGate({ given: false, name: "again" });
  gate.give();
  const [inner, ledger] = [indexedDbStore("me"), memoryStore()];
  const store = gate.guardStore(inner);
  await gate.guardStore(ledger).save(Uint8Array.of(1));
  const sage = await gate.open(() => open(store));
  await sage.record({ item: "food-1" });
  assert.ok(await inner.load());
  await gate.withdraw();
  assert.equal(gate.isGiven, false);
  assert.equal(await inner.load(), undefined);
  assert.equal(await ledger.load(), undefined);
  await rejects(sage.record({ item: "food-2" }), "closed", /closed/);
  await rejects(store.load(), "aborted", NONE);
  assert.equal(await inner.load(), undefined);
  gate.give();
  const again = await gate.open(() => open(store));
  assert.deepEqual(await again.actions(), []);
  await again.record({ item: "food-3" });
  assert.equal((await again.actions()).length, 1);
  gate.close();
});

test("a request under way is aborted, and nothing is stored afterwards", async () => {
  const gate = consentGate({ given: true, name: "request" });
  const inner = memoryStore();
  let seen;
  const started = Promise.withResolvers?.() ?? {};
  started.promise ??= new Promise((resolve) => (started.resolve = resolve));
  const retriever = gate.guardRetriever((_, signal) => {
    seen = signal;
    started.resolve();
    return new Promise(() => {}); // ignores its signal
  });
  const store = gate.guardStore(inner);
  const sage = await gate.open(() => open(store, { retriever }));
  await sage.record({ item: "food-1" });
  const answer = sage.recommend();
  answer.catch(() => undefined);
  await started.promise;
  const record = sage.record({ item: "food-2" });
  record.catch(() => undefined);
  await gate.withdraw();
  assert.equal(seen.aborted, true);
  await rejects(answer, "aborted", /withdrawn/);
  await record.catch((error) => assert.match(error.code, /aborted|closed/));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await inner.load(), undefined);
  gate.close();
});

test("a sage that opens while consent is withdrawn is closed", async () => {
  const gate = consentGate({ given: true, name: "opening" });
  const sage = await open(memoryStore());
  const opening = gate.open(async () => {
    await gate.withdraw();
    gate.give();
    return sage;
  });
  await rejects(opening, "aborted", /withdrawn/);
  await rejects(sage.actions(), "closed", /closed/);
  gate.close();
});

test("a slow write ends before the store is cleared", async () => {
  const gate = consentGate({ given: true, name: "slow" });
  const inner = { bytes: undefined };
  inner.load = async () => inner.bytes;
  inner.save = async (bytes) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    inner.bytes = bytes;
  };
  inner.clear = async () => void (inner.bytes = undefined);
  const write = gate.guardStore(inner).save(Uint8Array.of(1));
  await gate.withdraw();
  await write;
  assert.equal(inner.bytes, undefined);
  gate.close();
});

test("withdrawn while edgeStore sends: the request is aborted, nothing is stored", async () => {
  const consent = consentGate({ given: true });
  const kept = [];
  let started;
  const hasStarted = new Promise((resolve) => (started = resolve));
  const fetch = (_, { method, body, signal }) => {
    if (method === "GET") return Promise.resolve(Response.json({ version: 0, blobs: [] }));
    return new Promise((resolve, reject) => {
      started(signal);
      signal.addEventListener("abort", () => reject(signal.reason));
      setTimeout(() => {
        if (!signal.aborted) kept.push(body);
        resolve(Response.json({ version: 1 }));
      }, 300).unref();
    });
  };
  const blobs = edgeStore({ url: "https://edge.example", token: "t", fetch });
  const sage = await openSage({ dim: 2 });
  await sage.record({ item: "a", vector: [1, 0] });
  const options = { passphrase: "word", signal: consent.signal };
  const syncing = sync(sage, blobs, options);
  const rejected = rejects(syncing, "aborted", /signal/);
  const sent = await hasStarted;
  await consent.withdraw();
  await rejected;
  assert.equal(sent.aborted, true);
  assert.deepEqual(kept, []);
  consent.close();
});

test("other tabs withdraw, too", async () => {
  const [here, there] = [1, 2].map(() => consentGate({ given: true, name: "tabs" }));
  const stores = [here, there].map((gate) => gate.guardStore(indexedDbStore("me")));
  const a = await here.open(() => open(stores[0]));
  const b = await there.open(() => open(stores[1]));
  await a.record({ item: "food-1" });
  await b.record({ item: "food-2" });
  await here.withdraw();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(there.isGiven, false);
  await rejects(b.actions(), "closed", /closed/);
  assert.equal(await indexedDbStore("me").load(), undefined);
  for (const gate of [here, there]) gate.close();
});

test("options are checked, and a store that cannot be cleared is reported", async () => {
  await rejects(
    () => consentGate({ given: "yes" }),
    "option",
    /given: expected true or false, saw "yes"/,
  );
  const gate = consentGate({ given: true, name: "broken" });
  gate.guardStore({ ...memoryStore(), clear: () => Promise.reject(new Error("disk")) });
  await assert.rejects(gate.withdraw(), /disk/);
  assert.equal(gate.isGiven, false);
  gate.close();
});
