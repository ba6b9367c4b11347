// When the world does not cooperate: said in words, with the way out, and nothing lost that could be kept.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FOODS, openBrowser, visit } from "./visit.mjs";

openBrowser();

/** The page's worker, with these lines run before its own. */
const changeWorker = (lines) => (context) =>
  context.route(/\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${lines}\n${await response.text()}` });
  });

test("where storage is refused, the taste is kept in memory, and the page says so", async (t) => {
  const refuse =
    'IDBFactory.prototype.open = () => { throw new DOMException("refused", "SecurityError"); };';
  const visitor = await (await visit(t, { prepare: changeWorker(refuse) })).ready();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /kept in memory only.*then reload/s,
  );
  await visitor.tap(...FOODS);
  assert.equal((await visitor.interests()).flatMap(({ members }) => members).length, 4);
  assert.equal((await visitor.picks()).length, 12);
});

test("where the disk is full, what was tapped counts all the same, and the page says so", async (t) => {
  const full =
    'IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };';
  const visitor = await (await visit(t, { prepare: changeWorker(full) })).ready();
  await visitor.tap("1F355", "1F354");
  assert.match(await visitor.page.getByRole("alert").textContent(), /would not store your taste/);
  assert.equal(await visitor.page.getByRole("alert").count(), 1, "once, not with every tap");
  assert.equal(await visitor.actions(), 2);
});

test("a stored taste that cannot be read is put aside, and the page starts empty", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap(...FOODS);
  await visitor.page.evaluate(spoilStored);
  await visitor.reload();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /cannot be read.*put aside, untouched/s,
  );
  assert.equal(await visitor.actions(), 0);
  await visitor.tap("1F355");
  await visitor.reload();
  assert.equal(await visitor.actions(), 1);
  assert.equal(await visitor.page.getByRole("alert").count(), 0);
});

test("a catalogue that does not come can be asked for again", async (t) => {
  let refusals = 1;
  const refuse = (route) => (refusals-- > 0 ? route.fulfill({ status: 503 }) : route.continue());
  const prepare = (context) => context.route(/emoji.*\.sage/, refuse);
  const visitor = await visit(t, { prepare, expected: /503/ });
  const notice = visitor.page.getByRole("alert");
  await notice.waitFor();
  assert.match(await notice.textContent(), /could not be fetched.*503/s);
  await notice.getByRole("button", { name: "Try again" }).click();
  await visitor.ready();
  await visitor.tap("1F355");
  assert.equal(await notice.count(), 0);
});

test("a catalogue that came damaged is named as such", async (t) => {
  const damage = async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.body()).subarray(0, 5000) });
  };
  const visitor = await visit(t, { prepare: (context) => context.route(/emoji.*\.sage/, damage) });
  await visitor.page.getByRole("alert").waitFor();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /catalogue that came cannot be read.*Reload the page/s,
  );
});

test("a worker that ends is noticed, and what was tapped is still there after a reload", async (t) => {
  const visitor = await (await visit(t)).ready();
  await visitor.tap("1F355");
  await visitor.page.workers()[0].evaluate(() => globalThis.close());
  await visitor.thing("26BD").click();
  await visitor.page.getByRole("alert").waitFor();
  assert.match(
    await visitor.page.getByRole("alert").textContent(),
    /worker .* has stopped.*Reload the page/s,
  );
  await visitor.reload();
  assert.equal(await visitor.actions(), 1);
});

/** Runs in the page: overwrites the beginning of every stored byte array. */
async function spoilStored() {
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await done(indexedDB.open("pocketsage"));
  for (const table of database.objectStoreNames) {
    const store = database.transaction(table, "readwrite").objectStore(table);
    for (const key of await done(store.getAllKeys())) {
      const value = await done(store.get(key));
      if (!(value instanceof Uint8Array))
        throw new Error(`expected bytes under ${key}, saw ${value}`);
      value.fill(0, 8, 24);
      await done(store.put(value, key));
    }
  }
  database.close();
}
