// `subscribe`: listeners are called on each change of a sage, by itself, by another one or in a
// worker.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { afterEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { connectSage, memoryStore, openSage, setMemoryBudget } from "pocketsage";
import { NOW, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = (options) => openSage({ catalogue, now: () => NOW, ...options });
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** A listener that counts its calls; `take()` returns their number since the last `take`. */
function createCounter() {
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  const take = () => {
    const taken = calls;
    calls = 0;
    return taken;
  };
  return { listener, take };
}

afterEach(() => setMemoryBudget(16 << 20));

test("each method that changes the sage calls the listener, the others do not", async () => {
  const other = await open();
  await other.record({ item: "sport-1" });
  const exported = await other.export();
  const sage = await open();
  const { listener, take } = createCounter();
  sage.subscribe(listener);
  const changes = [
    ["record", { item: "food-1" }],
    ["hide", "food-2"],
    ["unhide", "food-2"],
    ["dislike", "animal-1"],
    ["undislike", "animal-1"],
    ["mute", "food-1"],
    ["boost", "food-1", 2],
    ["import", exported],
    ["forget", "food-1"],
    ["forget", "everything"],
  ];
  for (const [method, ...args] of changes) {
    await sage[method](...args);
    assert.ok(take() >= 1, method);
  }
  const reads = [
    ...[["profile"], ["recommend"], ["score", ["food-1"]], ["rank", ["food-1"]], ["preview"]],
    ...[["actions"], ["hidden"], ["parameters"], ["export"], ["map"], ["shown", "food-3"]],
  ];
  for (const [method, ...args] of reads) {
    await sage[method](...args);
    await turn();
    assert.equal(take(), 0, method);
  }
});

test("the listener sees the change, before it is stored", async () => {
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const store = { load: async () => undefined, save: () => gate, clear: async () => {} };
  const sage = await open({ store });
  const seen = new Promise((resolve) =>
    sage.subscribe(async () => resolve((await sage.profile()).actions)),
  );
  const stored = sage.record({ item: "food-1" });
  assert.equal(await seen, 1);
  release();
  await stored;
});

test("a change that could not be stored is announced, because it is in memory", async () => {
  const failing = async () => {
    throw new Error("full");
  };
  const sage = await open({
    store: { load: async () => undefined, save: failing, clear: failing },
  });
  const { listener, take } = createCounter();
  sage.subscribe(listener);
  await assert.rejects(sage.record({ item: "food-1" }), { code: "storage" });
  assert.ok(take() >= 1);
  await assert.rejects(sage.record({ item: "ghost" }), { code: "unknown-item" });
  await turn();
  assert.equal(take(), 0, "a call that is refused changes nothing");
});

test("subscriptions are independent, and silent once ended", async () => {
  const sage = await open();
  const { listener, take } = createCounter();
  const [endFirst, endSecond] = [sage.subscribe(listener), sage.subscribe(listener)];
  await sage.record({ item: "food-1" });
  assert.equal(take(), 2);
  endFirst();
  endFirst();
  await sage.record({ item: "food-2" });
  assert.equal(take(), 1);
  const stored = sage.record({ item: "food-3" });
  endSecond(); // after the change, before its microtask
  await stored;
  assert.equal(take(), 0);
});

test("an error of a listener breaks neither the change nor other listeners", async () => {
  const program = `
    import { memoryStore, openSage } from "pocketsage";
    const sage = await openSage({ dim: 1 });
    process.on("uncaughtException", (error) => console.log("uncaught", error.message));
    sage.subscribe(() => { throw new Error("mine"); });
    sage.subscribe(() => console.log("called"));
    console.log(await sage.record({ item: "a", vector: [1] }));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program],
    { cwd: fileURLToPath(new URL("../../", import.meta.url)) },
  );
  assert.equal(stdout, "uncaught mine\ncalled\n{ recorded: 1, dropped: 0 }\n");
});

test("a change by another sage on the store is announced once it was read", async () => {
  const store = memoryStore();
  const [sage, other] = [await open({ store }), await open({ store })];
  const changed = new Promise((resolve) => sage.subscribe(resolve));
  await other.record({ item: "food-1" });
  await changed;
  assert.equal((await sage.profile()).actions, 1);
});

test("a sage with listeners follows its store, whatever the memory budget", async () => {
  setMemoryBudget(0);
  const store = memoryStore();
  const sage = await open({ store });
  const user = await open(); // releases `sage`
  const { listener, take } = createCounter();
  const end = sage.subscribe(listener);
  await turn();
  await user.record({ item: "food-1" });
  await user.profile();
  const other = await open({ store });
  await other.record({ item: "sport-1" });
  await turn();
  assert.ok(take() >= 1);
  end();
  assert.equal((await sage.profile()).actions, 1);
});

test("a closed sage announces nothing, and can be subscribed to", async () => {
  const store = memoryStore();
  const [sage, other] = [await open({ store }), await open({ store })];
  const { listener, take } = createCounter();
  sage.subscribe(listener);
  await sage.close();
  await other.record({ item: "food-1" });
  await turn();
  sage.subscribe(listener)();
  await turn();
  assert.equal(take(), 0);
});

test("clients of a worker hear of changes by each other, and of the worker's end", async () => {
  const worker = new Worker(new URL("sage-worker.mjs", import.meta.url));
  worker.on("error", () => {});
  const [sage, other] = [await connectSage(worker), await connectSage(worker)];
  const { listener, take } = createCounter();
  const end = sage.subscribe(listener);
  let endSeen;
  const seen = new Promise((resolve) => {
    endSeen = other.subscribe(async () => resolve((await other.profile()).actions));
  });
  await sage.record({ item: "food-1" });
  assert.equal(await seen, 1);
  assert.ok(take() >= 1);
  end();
  endSeen();
  const failure = new Promise((resolve) =>
    other.subscribe(() => other.profile().catch(({ code }) => resolve(code))),
  );
  await other.record({ item: "food-2" });
  assert.equal(take(), 0);
  await worker.terminate();
  assert.equal(await failure, "worker-gone");
});
