// Failures of storage, network and worker: a notice with a remedy, and no loss of stored actions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FOODS, openBrowser, visit } from "./visitor.mjs";

openBrowser();

/** Prepares a context in which `lines` run at the start of the page's worker. */
const prependToWorker = (lines) => (context) =>
  context.route(/\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${lines}\n${await response.text()}` });
  });

test("if IndexedDB is refused, a notice says so and the profile is kept in memory", async (t) => {
  const refuse =
    'IDBFactory.prototype.open = () => { throw new DOMException("refused", "SecurityError"); };';
  const visitor = await (await visit(t, { prepare: prependToWorker(refuse) })).ready();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /kept in memory only.*then reload/s,
  );
  await visitor.tap(...FOODS);
  assert.equal((await visitor.interests()).flatMap(({ members }) => members).length, 4);
  assert.equal((await visitor.recommendations()).length, 12);
});

test("if the disk is full, a notice says so and taps still count", async (t) => {
  const full = `IDBObjectStore.prototype.put = () => {
    throw new DOMException("full", "QuotaExceededError");
  };`;
  const visitor = await (await visit(t, { prepare: prependToWorker(full) })).ready();
  await visitor.tap("1F355", "1F354");
  assert.match(await visitor.page.getByRole("alert").textContent(), /would not store your taste/);
  assert.equal(await visitor.page.getByRole("alert").count(), 1, "one notice, not one per tap");
  assert.equal(await visitor.actionCount(), 2);
});

test("an unreadable stored profile is put aside, and the page starts empty", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...FOODS);
  await visitor.page.evaluate(corruptStoredBytes);
  await visitor.reload();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /cannot be read.*put aside, untouched/s,
  );
  assert.equal(await visitor.actionCount(), 0);
  await visitor.tap("1F355");
  await visitor.reload();
  assert.equal(await visitor.actionCount(), 1);
  assert.equal(await visitor.page.getByRole("alert").count(), 0);
});

test("a failed fetch of the catalogue can be retried", async (t) => {
  const prepare = (context) =>
    context.route(/emoji.*\.sage/, (route) => route.fulfill({ status: 503 }), { times: 1 });
  const visitor = await visit(t, { prepare, expected: /503/ });
  const notice = visitor.page.getByRole("alert");
  await notice.waitFor();
  assert.match(await notice.textContent(), /could not be fetched.*503/s);
  await notice.getByRole("button", { name: "Try again" }).click();
  await visitor.ready();
  await visitor.tap("1F355");
  assert.equal(await notice.count(), 0);
});

test("while a catalogue cannot be fetched, another one can be chosen", async (t) => {
  const prepare = (context) =>
    context.route(/words.*\.sage/, (route) => route.fulfill({ status: 503 }));
  const visitor = await (await visit(t, { prepare, expected: /503/ })).ready();
  const menu = visitor.page.getByRole("combobox", { name: "Catalogue" });
  const reloaded = visitor.page.waitForEvent("load");
  await menu.selectOption("words");
  await reloaded;
  await visitor.page.getByRole("alert").waitFor();
  assert.equal(await menu.inputValue(), "words");
  assert.equal((await visitor.page.textContent("#wall")).trim(), "There is no catalogue to show.");
  await menu.selectOption("emoji");
  await visitor.ready();
  await visitor.tap("1F355");
});

test("an address that names an unknown catalogue says so, and the page works", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.page.goto(`${visitor.page.url().replace(/#.*$/, "")}?again#catalogue=nowhere`);
  await visitor.ready();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /names a catalogue that is not here.*catalogue=nowhere/s,
  );
  await visitor.tap("1F355");
  assert.equal(await visitor.actionCount(), 1);
});

test("a truncated catalogue is reported as unreadable", async (t) => {
  const truncate = async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.body()).subarray(0, 5000) });
  };
  const visitor = await visit(t, {
    prepare: (context) => context.route(/emoji.*\.sage/, truncate),
  });
  await visitor.page.getByRole("alert").waitFor();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /catalogue that came cannot be read.*Reload the page/s,
  );
});

test("if the worker ends, a notice says so, and stored actions survive a reload", async (t) => {
  // WebDriver BiDi, which drives Firefox, has no way to end a worker.
  const prepare = (context) => context.addInitScript(keepWorkers);
  const visitor = await (await visit(t, { prepare })).ready();
  await visitor.tap("1F355");
  await visitor.page.evaluate(() => globalThis.workers[0].terminate());
  await visitor.item("26BD").click();
  await visitor.page.getByRole("alert").waitFor();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /worker .* has stopped.*Reload the page/s,
  );
  await visitor.reload();
  assert.equal(await visitor.actionCount(), 1);
});

/** Runs before the page: `workers` is the list of the workers that it starts. */
function keepWorkers() {
  globalThis.workers = [];
  globalThis.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      globalThis.workers.push(this);
    }
  };
}

/** Runs in the page: overwrites bytes 8 to 23 of every stored byte array with zeros. */
async function corruptStoredBytes() {
  const resultOf = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await resultOf(indexedDB.open("pocketsage"));
  for (const table of database.objectStoreNames) {
    const store = database.transaction(table, "readwrite").objectStore(table);
    for (const key of await resultOf(store.getAllKeys())) {
      const value = await resultOf(store.get(key));
      if (!(value instanceof Uint8Array))
        throw new Error(`expected bytes under ${key}, saw ${value}`);
      value.fill(0, 8, 24);
      await resultOf(store.put(value, key));
    }
  }
  database.close();
}
