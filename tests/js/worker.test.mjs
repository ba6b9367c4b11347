// serveSage and connectSage over Node's worker_threads. tests/browser uses the browser's workers.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { MessageChannel, Worker } from "node:worker_threads";
import { connectSage, openSage, SageError, serveSage } from "pocketsage";
import { deserializeError, METHODS, serializeError } from "../../pkg/worker/protocol.js";
import { actionsOn, DIM, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const workers = [];
const start = (workerData) => {
  const worker = new Worker(new URL("sage-worker.mjs", import.meta.url), { workerData });
  worker.on("error", () => {}); // expected in some tests, which see it as "worker-gone"
  workers.push(worker);
  return worker;
};
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

test("a served sage has the interface and the answers of a local one", async () => {
  const served = await connectSage(start());
  const local = await openSage({ catalogue: await smallCatalogue(), now: () => NOW });
  assert.deepEqual(Object.keys(served).sort(), Object.keys(local).sort());
  assert.deepEqual(
    [...METHODS, "subscribe"].sort(),
    Object.keys(local).sort(),
    "METHODS lists all methods",
  );
  for (const sage of [served, local]) {
    await sage.record(actionsOn("food-1", "sport-1", "food-2"));
    await sage.record({ item: "own", vector: vectorOf("animal-3") });
    await sage.hide(["food-9", "food-8"]);
    await sage.unhide("food-8");
    assert.equal(await sage.forget("sport-1"), 1);
  }
  for (const [method, ...args] of [
    ["profile"],
    ["recommend", { count: 7 }],
    ["explain", "food-5"],
    ["preview"],
    ["actions", { count: 3 }],
    ["hidden"],
    ["map"],
  ]) {
    assert.deepEqual(await served[method](...args), await local[method](...args), method);
  }
  await served.import(await local.export());
  await local.import(await served.export());
  assert.deepEqual(await served.export(), await local.export());
});

for (const [order, late] of [
  ["the page starts first", 300],
  ["the worker starts first", 0],
]) {
  test(`connects when ${order}`, { timeout: 10_000 }, async () => {
    const worker = start({ late });
    if (!late) await new Promise((resolve) => setTimeout(resolve, 500));
    const sage = await connectSage(worker);
    assert.deepEqual((await sage.profile()).interests, []);
  });
}

test("errors of the worker arrive as SageErrors with code and message", async () => {
  const sage = await connectSage(start());
  await rejects(sage.record({ item: "ghost" }), "unknown-item", /action 0 \("ghost"\)/);
  await rejects(
    sage.record({ item: "x", vector: new Float32Array(3) }),
    "dimension",
    /3 components, expected 8/,
  );
  await rejects(sage.recommend({ counts: 1 }), "option", /unknown option "counts"/);
  await rejects(sage.import(new Uint8Array(3)), "corrupt", /./);
  assert.equal((await sage.profile()).actions, 0);
});

test("connectSage rejects with the error of open; the next one calls open again", async () => {
  const worker = start({ failures: 1 });
  await assert.rejects(
    connectSage(worker),
    (error) =>
      error.name === "TypeError" &&
      error.message === "not today" &&
      error.cause.message === "because",
  );
  const sage = await connectSage(worker);
  assert.deepEqual((await sage.profile()).interests, []);
});

test("exclude may be any iterable of ids; invalid values are refused", async () => {
  const sage = await connectSage(start());
  await sage.record(actionsOn("food-1"));
  function* exclude() {
    for (let number = 0; number < 20; number++) if (number !== 7) yield `food-${number}`;
  }
  const [first] = await sage.recommend({ count: 1, exclude: exclude() });
  assert.equal(first.item, "food-7");
  assert.equal((await sage.recommend({ count: 1, exclude: new Set(["food-7"]) })).length, 1);
  await rejects(sage.recommend({ exclude: "food-1" }), "option", /expected a list of item ids/);
  await rejects(
    sage.recommend({ exclude: null }),
    "option",
    /expected a list of item ids, saw null/,
  );
  await rejects(sage.recommend(null), "option", /expected an object, saw null/);
  await rejects(sage.recommend({ exclude: 3 }), "option", /expected a list of item ids/);
});

test("a signal aborts the call in the worker", async () => {
  const worker = start({ reply: "silent" });
  const sage = await connectSage(worker);
  await sage.record(actionsOn("food-1"));
  const messages = [];
  worker.on("message", (message) => typeof message === "string" && messages.push(message));
  const controller = new AbortController();
  const waiting = sage.recommend({ signal: controller.signal });
  while (!messages.includes("called")) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort("enough");
  const error = await rejects(waiting, "aborted", /aborted by its signal/);
  assert.equal(error.cause, "enough");
  while (!messages.includes("aborted")) await new Promise((resolve) => setTimeout(resolve, 5));
  await rejects(sage.recommend({ signal: AbortSignal.abort() }), "aborted", /./);
  assert.equal((await sage.profile()).actions, 1, "the worker still serves");
});

const deaths = [
  ["is terminated", (worker) => worker.terminate()],
  ["exits", (worker) => worker.postMessage("exit")],
  ["fails with an uncaught error", (worker) => worker.postMessage("die")],
];
for (const [name, kill] of deaths) {
  test(`worker-gone when the worker ${name}: pending and later calls`, {
    timeout: 10_000,
  }, async () => {
    const worker = start({ reply: "silent" });
    const sage = await connectSage(worker);
    await sage.record(actionsOn("food-1"));
    const pending = [
      sage.recommend({ signal: new AbortController().signal }),
      sage.recommend({ signal: new AbortController().signal }),
    ];
    const outcome = Promise.all(
      pending.map((call) => rejects(call, "worker-gone", /The worker is gone.*Start a new one/)),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await kill(worker);
    await outcome;
    await rejects(sage.profile(), "worker-gone", /gone/);
    await rejects(sage.record({ item: "food-1" }), "worker-gone", /gone/);
    await rejects(sage.close(), "worker-gone", /gone/);
  });
}

test("worker-gone when the worker ends before it has answered", { timeout: 10_000 }, async () => {
  const worker = start({ late: 60_000 });
  const connecting = rejects(connectSage(worker), "worker-gone", /gone/);
  await worker.terminate();
  await connecting;
});

test("a signal limits the wait for a worker that never answers", { timeout: 10_000 }, async () => {
  await rejects(
    connectSage(start({ hang: true }), { signal: AbortSignal.timeout(200) }),
    "aborted",
    /connectSage was aborted/,
  );
  await rejects(connectSage(start(), { signal: AbortSignal.abort() }), "aborted", /./);
});

test("calls after close are refused; a new connection works", async () => {
  const worker = start();
  const sage = await connectSage(worker);
  await sage.record(actionsOn("food-1"));
  await sage.close();
  await sage.close();
  await rejects(sage.profile(), "closed", /connect again/);
  const again = await connectSage(worker);
  assert.equal((await again.profile()).actions, 1, "the new sage uses the same store");
});

test("two clients share the sage of a worker; the last one to close closes it", async () => {
  const worker = start();
  const [one, two] = await Promise.all([connectSage(worker), connectSage(worker)]);
  await Promise.all([one.record(actionsOn("food-1")), two.record(actionsOn("sport-1"))]);
  assert.equal((await one.profile()).actions, 2);
  await one.close();
  await one.close();
  await rejects(one.profile(), "closed", /connect again/);
  assert.equal((await two.profile()).actions, 2, "the sage is open for the other client");
  await two.record(actionsOn("animal-1"));
  await two.close();
  await rejects(two.profile(), "closed", /closed/);
});

/** Serves a sage over a channel, and counts how often it was opened and closed. */
function serveCounted(open = () => openSage({ dim: DIM })) {
  const counts = { opened: 0, closed: 0 };
  const { port1, port2 } = new MessageChannel();
  serveSage(async () => {
    const sage = await open();
    counts.opened += 1;
    const { close } = sage;
    const closeCounted = () => {
      counts.closed += 1;
      return close();
    };
    return Object.assign(sage, { close: closeCounted });
  }, port1);
  return { counts, port: port2, stop: () => port1.close() };
}

test("the sage is opened once and closed once for any number of clients", async () => {
  const { counts, port, stop } = serveCounted();
  const sages = await Promise.all(Array.from({ length: 5 }, () => connectSage(port)));
  for (const sage of sages.slice(1)) await sage.close();
  assert.deepEqual(counts, { opened: 1, closed: 0 });
  await sages[0].close();
  assert.deepEqual(counts, { opened: 1, closed: 1 });
  const again = await connectSage(port);
  await again.close();
  assert.deepEqual(counts, { opened: 2, closed: 2 });
  stop();
});

test("a client that gave up while connecting is not counted", async () => {
  const gate = {};
  gate.opened = new Promise((resolve) => (gate.open = resolve));
  const { counts, port, stop } = serveCounted(async () => {
    await gate.opened;
    return openSage({ dim: DIM });
  });
  const controller = new AbortController();
  const givenUp = rejects(connectSage(port, controller), "aborted", /aborted/);
  const connecting = connectSage(port);
  controller.abort();
  await givenUp;
  gate.open();
  const sage = await connecting;
  await sage.profile();
  await sage.close();
  assert.deepEqual(counts, { opened: 1, closed: 1 });
  stop();
});

test("a close that fails ends the connection too", async () => {
  const { port, stop } = serveCounted(async () => {
    const sage = await openSage({ dim: DIM });
    return { ...sage, close: () => Promise.reject(new SageError("storage", "no room")) };
  });
  const sage = await connectSage(port);
  await rejects(sage.close(), "storage", /no room/);
  await rejects(sage.profile(), "closed", /connect again/);
  const again = await connectSage(port);
  assert.equal((await again.profile()).actions, 0, "a new sage was opened");
  stop();
});

test("arguments that cannot be cloned are refused, and the connection stays open", async () => {
  const sage = await connectSage(start());
  await rejects(
    sage.record({ item: "food-1", vector: () => 1 }),
    "option",
    /cannot be sent to a worker/,
  );
  await sage.record({ item: "food-1" });
});

test("vectors are copied, not transferred", async () => {
  const sage = await connectSage(start());
  const vector = vectorOf("food-1");
  await sage.record({ item: "own", vector });
  assert.equal(vector.length, DIM);
});

test("over a MessagePort, foreign messages are ignored and unknown methods refused", {
  timeout: 10_000,
}, async () => {
  const { port1, port2 } = new MessageChannel();
  const catalogue = await smallCatalogue();
  serveSage(() => openSage({ catalogue }), port1);
  const sage = await connectSage(port2);
  for (const noise of [
    null,
    7,
    "hello",
    { sage: "hello?" },
    { sage: "abort", connection: "x", call: 3 },
  ])
    port2.postMessage(noise);
  const answered = new Promise((resolve) =>
    port2.on("message", (reply) => reply.connection === "stranger" && resolve(reply)),
  );
  port2.postMessage({
    sage: "call",
    connection: "stranger",
    call: 0,
    method: "constructor",
    args: [],
    abortable: false,
  });
  assert.deepEqual(
    { ...(await answered).error, stack: undefined, cause: undefined },
    {
      name: "SageError",
      code: "option",
      message: 'There is no method "constructor" to call.',
      stack: undefined,
      cause: undefined,
    },
  );
  await sage.record({ item: "food-1" });
  port1.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await rejects(sage.profile(), "worker-gone", /its port closed/);
});

test("serveSage outside a worker throws option without a port", () =>
  rejects(() => serveSage(async () => {}), "option", /not a worker: pass the port/));

test("errors of all kinds survive serialization", () => {
  const deep = new SageError("storage", "no room", {
    cause: new RangeError("inner", { cause: "a string" }),
  });
  const back = deserializeError(structuredClone(serializeError(deep)));
  assert.ok(back instanceof SageError);
  assert.equal(back.code, "storage");
  assert.equal(back.cause.name, "RangeError");
  assert.equal(back.cause.cause.message, "a string");
  const round = new Error("round");
  round.cause = round;
  assert.equal(deserializeError(serializeError(round)).cause.cause.message, "round");
  assert.equal(deserializeError(serializeError("just text")).message, "just text");
  assert.equal(
    deserializeError(serializeError(Object.assign(new Error("x"), { code: "EACCES" }))).code,
    "EACCES",
  );
});
