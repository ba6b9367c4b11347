// The IndexedDB store on fake-indexeddb. tests/browser runs it in real browsers.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, test } from "node:test";
import { forceCloseDatabase, IDBFactory, IDBKeyRange, IDBObjectStore } from "fake-indexeddb";
import { indexedDbStore, openSage } from "pocketsage";
import { actionsOn, NOW, rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (options = {}) =>
  openSage({ catalogue, store: indexedDbStore("me"), now: () => NOW, ...options });
const profileItems = async (sage) =>
  (await sage.profile()).interests.flatMap(({ items }) => items).sort();
const realPut = IDBObjectStore.prototype.put;
const realOpen = IDBFactory.prototype.open;
/** All databases that were opened in the running test. */
const opened = [];

beforeEach(() => {
  Object.assign(globalThis, { indexedDB: new IDBFactory(), IDBKeyRange });
  opened.length = 0;
  IDBFactory.prototype.open = function (...args) {
    const request = realOpen.apply(this, args);
    request.addEventListener("success", () => opened.push(request.result));
    return request;
  };
});
afterEach(() => {
  IDBObjectStore.prototype.put = realPut;
  delete globalThis.indexedDB;
  delete globalThis.IDBKeyRange;
});

/** Ends all connections, as a browser does when it deletes the data of a site. */
async function closeConnections() {
  for (const database of opened) forceCloseDatabase(database);
  await new Promise((resolve) => setTimeout(resolve, 20));
}

function requestResult(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Opens the database at this version, without the package. */
function openRaw(version, upgrade = () => {}) {
  const request = indexedDB.open("pocketsage", version);
  request.onupgradeneeded = () => upgrade(request);
  return requestResult(request);
}

test("a profile is there after the sage is closed and opened again", async () => {
  const sage = await open();
  await sage.record(actionsOn("food-1", "sport-1"));
  await sage.close();
  assert.deepEqual(await profileItems(await open()), ["food-1", "sport-1"]);
});

test("stores of different names are independent", async () => {
  const [a, b, ab] = ["a", "b", "ab"].map(indexedDbStore);
  await a.save(Uint8Array.of(1));
  await b.save(Uint8Array.of(2));
  await ab.save(Uint8Array.of(3));
  await a.setAside(Uint8Array.of(4));
  await a.clear();
  assert.equal(await a.load(), undefined);
  assert.deepEqual(await b.load(), Uint8Array.of(2));
  assert.deepEqual(await ab.load(), Uint8Array.of(3));
});

test("two sages that write at the same time lose no action", async () => {
  const [one, two] = await Promise.all([open(), open()]);
  const writing = [];
  for (let index = 0; index < 20; index++) {
    writing.push(
      one.record({ item: "food-1", at: index }),
      two.record({ item: "sport-1", at: index }),
    );
    if (index % 5 === 0) await writing.at(-1);
  }
  await Promise.all(writing);
  assert.equal((await (await open()).profile()).actions, 40);
});

test("an update that throws writes nothing and rejects with the error", async () => {
  const store = indexedDbStore();
  await store.save(Uint8Array.of(1));
  const cause = Object.assign(new Error("no"), { name: "SageError", code: "corrupt" });
  await assert.rejects(
    store.update(() => {
      throw cause;
    }),
    (error) => error === cause,
  );
  assert.deepEqual(await store.load(), Uint8Array.of(1));
});

test("without IndexedDB, a storage error names memoryStore() as the remedy", async () => {
  delete globalThis.indexedDB;
  await rejects(open(), "storage", /no IndexedDB here.*memoryStore\(\)/);
});

test("a refused IndexedDB is a storage error with its cause", async () => {
  const refusal = new DOMException(
    "The user denied permission to access the database.",
    "SecurityError",
  );
  globalThis.indexedDB = {
    open: () => {
      throw refusal;
    },
  };
  const error = await rejects(open(), "storage", /SecurityError.*denied/);
  assert.equal(error.cause, refusal);
});

test("IndexedDB that is refused later is a storage error; actions stay in memory", async () => {
  const sage = await open();
  await sage.record({ item: "food-1" });
  await closeConnections();
  const kept = globalThis.indexedDB;
  globalThis.indexedDB = {
    open: () => {
      throw new DOMException("The operation is insecure.", "SecurityError");
    },
  };
  await rejects(sage.record({ item: "food-2" }), "storage", /stay in memory/);
  assert.deepEqual(await profileItems(sage), ["food-1", "food-2"]);
  globalThis.indexedDB = kept;
  await sage.record({ item: "food-3" });
  assert.deepEqual(await profileItems(await open()), ["food-1", "food-2", "food-3"]);
});

test("a connection that the browser has closed is opened again", async () => {
  const sage = await open();
  await sage.record({ item: "food-1" });
  await closeConnections();
  await sage.record({ item: "food-2" });
  for (const database of opened) database.onclose = null;
  await closeConnections();
  await sage.record({ item: "food-3" });
  assert.equal((await (await open()).profile()).actions, 3);
});

test("an open sage does not block the deletion of the database, and goes on", {
  timeout: 5000,
}, async () => {
  const sage = await open();
  await sage.record({ item: "food-1" });
  await requestResult(indexedDB.deleteDatabase("pocketsage"));
  await sage.record({ item: "food-2" });
  assert.deepEqual(await profileItems(sage), ["food-2"]);
  assert.deepEqual(await profileItems(await open()), ["food-2"]);
});

test("a database of version 1 is upgraded, with its stored bytes", async () => {
  const bytes = new Uint8Array(
    await readFile(new URL("../golden/log/version-1.sage-log", import.meta.url)),
  );
  const database = await openRaw(1, (request) => request.result.createObjectStore("profiles"));
  const profiles = database.transaction("profiles", "readwrite").objectStore("profiles");
  await requestResult(profiles.put(bytes, ["me", "live"]));
  await requestResult(profiles.put(bytes, ["other", "live"]));
  await requestResult(profiles.put(Uint8Array.of(1), ["me", "aside", 0]));
  database.close();
  const sage = await open();
  assert.equal((await sage.profile()).actions, 4);
  await sage.record({ item: "food-2" });
  assert.equal((await (await open()).profile()).actions, 5);
  assert.deepEqual(await indexedDbStore("other").load(), bytes);
});

test("a database of a newer version is a version error", async () => {
  (await openRaw(3, (request) => request.result.createObjectStore("profiles"))).close();
  await rejects(open(), "version", /newer pocketsage/);
});

test("values in the database that are no bytes are corrupt, and can be set aside", async () => {
  await indexedDbStore("me").save(Uint8Array.of(1));
  await closeConnections();
  const database = await openRaw(2);
  const profiles = database.transaction("profiles", "readwrite").objectStore("profiles");
  await requestResult(profiles.clear());
  await requestResult(profiles.put("text", ["me", 0.5, 1]));
  database.close();
  await rejects(open(), "corrupt", /no Uint8Array/);
  await rejects(indexedDbStore("me").load(), "corrupt", /no Uint8Array/);
  await (await open({ unreadable: "set-aside" })).record({ item: "food-1" });
  assert.deepEqual(await profileItems(await open()), ["food-1"]);
});

test("a full disk is a storage error; no action is lost", async () => {
  const sage = await open();
  await sage.record({ item: "food-1" });
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("There is no room.", "QuotaExceededError");
  };
  await rejects(sage.record({ item: "food-2" }), "storage", /QuotaExceededError.*no room/);
  assert.deepEqual(await profileItems(sage), ["food-1", "food-2"]);
  assert.deepEqual(await profileItems(await open()), ["food-1"]);
  IDBObjectStore.prototype.put = realPut;
  await sage.record({ item: "food-3" });
  assert.deepEqual(await profileItems(await open()), ["food-1", "food-2", "food-3"]);
});

test("the first write after a full disk is tried twice, as Firefox needs it", async () => {
  const sage = await open();
  const errors = ["QuotaExceededError", "InvalidStateError"];
  IDBObjectStore.prototype.put = function (...args) {
    if (errors.length > 0) throw new DOMException("A message.", errors.shift());
    return realPut.apply(this, args);
  };
  await rejects(sage.record({ item: "food-1" }), "storage", /QuotaExceededError/);
  await sage.record({ item: "food-2" });
  assert.deepEqual(await profileItems(await open()), ["food-1", "food-2"]);
});

test("a database that allows no write at all is a storage error", async () => {
  const sage = await open();
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("A message.", "InvalidStateError");
  };
  await rejects(sage.record({ item: "food-1" }), "storage", /InvalidStateError/);
});

test("an aborted transaction is a storage error", async () => {
  const store = indexedDbStore();
  IDBObjectStore.prototype.put = function (...args) {
    const request = realPut.apply(this, args);
    queueMicrotask(() => this.transaction.abort());
    return request;
  };
  await rejects(store.save(Uint8Array.of(1)), "storage", /Abort/);
});

test("a database blocked by another tab is a storage error", async () => {
  // A tab of a version whose connections do not close for upgrades.
  const old = await openRaw(1, (request) => request.result.createObjectStore("profiles"));
  await rejects(indexedDbStore().load(), "storage", /blocked by another tab/);
  old.close();
});

test("unreadable bytes are set aside, repeatedly if necessary, and deleted by clear", async () => {
  const store = indexedDbStore("me");
  const keys = () =>
    new Promise((resolve) => {
      globalThis.indexedDB.open("pocketsage").onsuccess = ({ target: { result: database } }) => {
        database.transaction("profiles").objectStore("profiles").getAllKeys().onsuccess = ({
          target,
        }) => {
          database.close();
          resolve(target.result);
        };
      };
    });
  for (const bytes of [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]) {
    await store.save(bytes);
    await rejects(open(), "corrupt", /./);
    await (await open({ unreadable: "set-aside" })).record({ item: "food-1" });
  }
  const isAside = ([, kind]) => kind === "aside";
  assert.deepEqual((await keys()).filter(isAside), [
    ["me", "aside", 0],
    ["me", "aside", 1],
  ]);
  const sage = await open();
  assert.deepEqual(await profileItems(sage), ["food-1"]);
  await sage.forget("everything");
  assert.equal((await keys()).length, 1, "the tombstone");
  await store.clear();
  assert.deepEqual(await keys(), []);
});
