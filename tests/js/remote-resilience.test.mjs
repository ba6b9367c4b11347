// Retries, deadlines, the circuit breaker, the cache and fallbacks, with a manual clock. More than
// 400 lines: the wrappers are tested alone and combined, over the same engine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import {
  cacheApiAnswers,
  kvAnswers,
  layeredAnswers,
  localRetriever,
  memoryAnswers,
  RetrievalError,
  resilient,
  withBreaker,
  withCache,
  withFallback,
  withRetry,
  withTimeout,
} from "pocketsage/remote";
import { smallCatalogue } from "./items.mjs";
import { clock, query, scripted } from "./remote-world.mjs";

const ok = (...items) => ({
  status: "ok",
  hits: items.map((item) => ({ item, score: 0.5 })),
  via: "engine",
});
const down = new RetrievalError("network", "no connection");
const busy = (retryAfter) => new RetrievalError("status", "busy", { status: 429, retryAfter });
const forever = () => new Promise(() => {});
const settle = () => new Promise((resolve) => setImmediate(resolve));
const two = [query("food-1"), query("food-2")];

test("a retry sends only failed queries, after a random wait up to base 2^n", async () => {
  const time = clock({ random: () => 0.25 });
  const { engine, calls } = scripted([ok("a"), { status: "error", error: down }], down, ok("b"));
  const pending = withRetry(engine, { base: 100, ...time.runtime }).ask(two);
  await settle();
  await time.advance(25);
  await time.advance(50);
  assert.deepEqual(await pending, [ok("a"), ok("b")]);
  assert.deepEqual(
    calls.map((each) => each.map(({ item }) => item)),
    [["food-1", "food-2"], ["food-2"], ["food-2"]],
  );
  assert.deepEqual(time.slept, [25, 50]);
});

test("Retry-After is honoured, and without a retry if it exceeds the maximum wait", async () => {
  const time = clock();
  const waiting = withRetry(scripted(busy(1500), ok("a")).engine, time.runtime).ask([query()]);
  await settle();
  await time.advance(1500);
  assert.equal((await waiting)[0].status, "ok");
  assert.deepEqual(time.slept, [1500]);
  const [answer] = await withRetry(scripted(busy(60_000), ok("a")).engine, time.runtime).ask([
    query(),
  ]);
  assert.equal(answer.error.retryAfter, 60_000);
});

test("permanent errors are not retried, transient ones twice", async () => {
  const time = clock();
  const refused = scripted(new RetrievalError("refused", "no"));
  await withRetry(refused.engine, time.runtime).ask([query()]);
  assert.equal(refused.calls.length, 1);
  const always = scripted(down);
  const pending = withRetry(always.engine, time.runtime).ask([query()]);
  for (let turn = 0; turn < 5; turn += 1) {
    await settle();
    await time.advance(5000);
  }
  assert.equal((await pending)[0].status, "error");
  assert.equal(always.calls.length, 3);
});

test("a timeout ends the attempt and aborts the engine", async () => {
  const time = clock();
  let aborted;
  const { engine } = scripted((_, signal) => {
    signal.addEventListener("abort", () => (aborted = true));
    return forever();
  });
  const pending = withTimeout(engine, 100, "timeout", time.runtime).ask(two);
  await settle();
  await time.advance(100);
  assert.deepEqual(
    (await pending).map(({ error }) => error.reason),
    ["timeout", "timeout"],
  );
  assert.ok(aborted);
});

test("the deadline covers all attempts together", async () => {
  const time = clock();
  const { engine, calls } = scripted(forever);
  const pending = resilient(engine, { timeout: 1000, deadline: 1800, ...time.runtime }).ask([
    query(),
  ]);
  for (let turn = 0; turn < 25; turn += 1) {
    await settle();
    await time.advance(100);
  }
  assert.equal((await pending)[0].error.reason, "deadline");
  assert.equal(calls.length, 2);
});

test("the breaker opens after failures, tries once after the cooldown, and closes", async () => {
  const time = clock();
  let alive = false;
  const { engine, calls } = scripted((queries) =>
    alive ? queries.map(() => ok("a")) : queries.map(() => ({ status: "error", error: down })),
  );
  const guarded = withBreaker(engine, { failures: 3, cooldown: 1000, ...time.runtime });
  for (let call = 0; call < 6; call += 1) await guarded.ask([query()]);
  assert.equal(calls.length, 3);
  assert.equal((await guarded.ask([query()]))[0].error.reason, "open");
  await time.advance(1000);
  await guarded.ask([query()]); // the trial call fails
  await guarded.ask([query()]);
  assert.equal(calls.length, 4);
  await time.advance(1000);
  alive = true;
  assert.equal((await guarded.ask([query()]))[0].status, "ok");
  assert.equal((await guarded.ask([query()]))[0].status, "ok");
  assert.equal(calls.length, 6);
});

test("permanent errors do not open the breaker", async () => {
  const { engine, calls } = scripted(new RetrievalError("not-found", "no such collection"));
  const guarded = withBreaker(engine, { failures: 2 });
  for (let call = 0; call < 5; call += 1) await guarded.ask([query()]);
  assert.equal(calls.length, 5);
});

test("a call without queries does not change the breaker", async () => {
  const { engine, calls } = scripted(down);
  const guarded = withBreaker(engine, { failures: 1 });
  await guarded.ask([query()]);
  await guarded.ask([]);
  assert.equal((await guarded.ask([query()]))[0].error.reason, "open");
  assert.equal(calls.length, 2);
});

test("vector lookups have retries, timeouts, the breaker and fallbacks too", async () => {
  const time = clock();
  const lookups = [];
  const steps = [down, down, [Float32Array.of(1)], forever, down, down, down];
  const engine = {
    ...scripted(ok("a")).engine,
    vectors: async (items) => {
      const step = steps[lookups.push(items) - 1];
      if (step instanceof Error) throw step;
      return typeof step === "function" ? step() : step;
    },
  };
  const whole = resilient(engine, {
    timeout: 1000,
    retry: { retries: 2 },
    breaker: { failures: 3, cooldown: 5000 },
    ...time.runtime,
  });
  const turn = async (promise, milliseconds) => {
    promise.catch(() => undefined);
    for (let step = 0; step < 20; step += 1) {
      await settle();
      await time.advance(milliseconds / 20);
    }
    return promise;
  };
  assert.deepEqual(await turn(whole.vectors(["x"]), 1000), [Float32Array.of(1)]);
  assert.equal(lookups.length, 3);
  // A timeout and two failures: three in a row.
  await assert.rejects(turn(whole.vectors(["y"]), 4000), { reason: "network" });
  await assert.rejects(whole.vectors(["z"]), { reason: "open" });
  assert.deepEqual(
    await whole.vectors(["x"]),
    [Float32Array.of(1)],
    "cached vectors are available while the breaker is open",
  );
  const fallback = { ...engine, vectors: async (items) => items.map(() => Float32Array.of(2)) };
  assert.deepEqual(await withFallback(whole, fallback).vectors(["z"]), [Float32Array.of(2)]);
});

test("the preview of a fallback chain shows what each retriever may send", () => {
  const shows = (name) => ({
    ...scripted(ok("a")).engine,
    engine: name,
    outbound: (queries) => [{ to: name, bytes: new Uint8Array(queries.length), says: "1 query." }],
  });
  const whole = resilient(shows("near"), { fallback: shows("far") });
  assert.deepEqual(
    whole.outbound([query()]).map(({ to, says }) => [to, says]),
    [
      ["near", "1 query."],
      ["far", "Only if near fails: 1 query."],
    ],
  );
});

test("a reused signal keeps no listeners of finished calls", async () => {
  const { engine } = scripted(ok("a"));
  const whole = resilient(engine, { cache: { store: memoryAnswers() } });
  const { signal } = new AbortController();
  let listening = 0;
  const counted = (name, change) => {
    const own = signal[name].bind(signal);
    signal[name] = (...args) => {
      listening += change;
      return own(...args);
    };
  };
  counted("addEventListener", 1);
  counted("removeEventListener", -1);
  for (let call = 0; call < 5; call += 1)
    await whole.ask([query(`food-${call}`), { vector: query().vector, count: 2 }], signal);
  await settle();
  assert.equal(listening, 0);
});

test("answers are cached by medoid and count while fresh, then requested again", async () => {
  const time = clock({ random: () => 0 });
  const { engine, calls } = scripted((queries) => queries.map(({ item }) => ok(`near ${item}`)));
  const kept = withCache(engine, { store: memoryAnswers(), fresh: 1000, ...time.runtime });
  assert.deepEqual(
    (await kept.ask(two)).map(({ via }) => via),
    ["engine", "engine"],
  );
  assert.deepEqual(
    (await kept.ask(two)).map(({ via }) => via),
    ["cache", "cache"],
  );
  await kept.ask([query("food-1", 4)]);
  assert.equal(calls.length, 2, "the count is part of the key");
  await kept.ask([query("food-1"), query("food-3")]);
  assert.deepEqual(
    calls[2].map(({ item }) => item),
    ["food-3"],
  );
  await time.advance(1001);
  assert.equal((await kept.ask([query()]))[0].via, "engine");
});

for (const [random, lifetime] of [
  [0, 1000],
  [0.5, 900],
  [0.75, 850],
]) {
  test(`an answer of freshness 1000 and random ${random} is fresh for ${lifetime} ms`, async () => {
    const time = clock({ random: () => random });
    const { engine } = scripted((queries) => queries.map(() => ok("a")));
    const cached = withCache(engine, { store: memoryAnswers(), fresh: 1000, ...time.runtime });
    const via = async () => (await cached.ask([query()]))[0].via;
    assert.equal(await via(), "engine");
    await time.advance(lifetime - 1);
    assert.equal(await via(), "cache");
    await time.advance(1);
    assert.equal(await via(), "engine");
  });
}

test("entries are stored for the fresh and stale time together, in whole seconds", async () => {
  const written = [];
  const store = {
    get: async () => undefined,
    set: async (_, text, seconds) => void written.push([JSON.parse(text), seconds]),
  };
  const time = clock({ random: () => 0.5 });
  const options = { store, fresh: 1000, stale: 5200, ...time.runtime };
  await withCache(scripted([ok("a")]).engine, options).ask([query()]);
  assert.deepEqual(written, [[{ hits: [["a", 0.5]], until: 900 }, 7]]);
});

test("a stale answer replaces a failure, and failures are not cached", async () => {
  const time = clock();
  const { engine } = scripted([ok("a")], down, down, [ok("b")]);
  const kept = withCache(engine, {
    store: memoryAnswers(),
    fresh: 1000,
    stale: 5000,
    ...time.runtime,
  });
  await kept.ask([query()]);
  await time.advance(2000);
  assert.equal((await kept.ask([query()]))[0].via, "stale");
  await time.advance(10_000);
  assert.equal((await kept.ask([query()]))[0].status, "error");
  assert.deepEqual((await kept.ask([query()]))[0].hits, ok("b").hits);
});

test("concurrent queries share one request that outlives the abort of one", async () => {
  let answer;
  const { engine, calls } = scripted(
    () => new Promise((resolve) => (answer = () => resolve([ok("a")]))),
  );
  const kept = withCache(engine, { store: memoryAnswers() });
  const impatient = new AbortController();
  const first = kept.ask([query()], impatient.signal);
  const second = kept.ask([query(), query()]);
  await settle();
  await settle();
  impatient.abort();
  await assert.rejects(first, { code: "aborted" });
  answer();
  assert.deepEqual(
    (await second).map(({ status }) => status),
    ["ok", "ok"],
  );
  assert.equal(calls.length, 1);
});

test("a query without id is not cached, and answers are copies", async () => {
  const { engine, calls } = scripted((queries) => queries.map(() => ok("a")));
  const store = memoryAnswers();
  const kept = withCache(engine, { store });
  const { vector, count } = query();
  await kept.ask([{ vector, count }]);
  await kept.ask([{ vector, count }]);
  assert.equal(calls.length, 2);
  const [first] = await kept.ask([query()]);
  first.hits[0].item = "changed";
  assert.equal((await kept.ask([query()]))[0].hits[0].item, "a");
});

test("a failing store or an invalid entry is a cache miss", async () => {
  const { engine } = scripted(ok("a"));
  const late = Date.now() + 1000;
  const holds = (text) => ({ get: async () => text, set: async () => undefined });
  for (const store of [
    { get: () => Promise.reject(new Error("down")), set: () => Promise.reject(new Error("down")) },
    ...[
      "{",
      "null",
      "[]",
      `{"until":${late}}`,
      `{"until":${late},"hits":[["a"]]}`,
      `{"until":${late},"hits":[["",1]]}`,
      `{"until":"soon","hits":[]}`,
    ].map(holds),
  ]) {
    assert.deepEqual((await withCache(engine, { store }).ask([query()]))[0], ok("a"));
  }
});

test("a forged vector for an item does not change other users' answers", async () => {
  // Like an engine without queries by id: the query's vector takes precedence.
  const { engine, calls } = scripted((queries) =>
    queries.map(({ vector }) => ok(vector ? `near ${vector[0]}` : "near the item")),
  );
  const kept = withCache(engine, { store: memoryAnswers() });
  const { item, vector, count } = query();
  const forged = vector.map((number) => -number);
  assert.deepEqual(
    (await kept.ask([{ item, vector: forged, count }]))[0].hits,
    ok(`near ${forged[0]}`).hits,
  );
  assert.deepEqual(
    (await kept.ask([{ item, vector, count }]))[0].hits,
    ok(`near ${vector[0]}`).hits,
  );
  assert.deepEqual((await kept.ask([{ item, count }]))[0].hits, ok("near the item").hits);
  assert.deepEqual(
    (
      await kept.ask([
        { item, vector, count },
        { item, count },
      ])
    ).map(({ via }) => via),
    ["cache", "cache"],
  );
  assert.equal(calls.length, 3);
});

test("an entry written by a fast clock is not fresh", async () => {
  const time = clock({ random: () => 0 });
  const { engine, calls } = scripted([ok("a")], [ok("b")], down);
  const store = memoryAnswers();
  await withCache(engine, { store, fresh: 1000, ...time.runtime, now: () => 3_600_000 }).ask([
    query(),
  ]);
  const kept = withCache(engine, { store, fresh: 1000, ...time.runtime });
  assert.deepEqual((await kept.ask([query()]))[0], ok("b"));
  assert.equal((await kept.ask([query()]))[0].via, "cache");
  assert.equal(calls.length, 2);
});

test("layers copy to the nearer store; KV keys are hashed; Cache API keys are URLs", async () => {
  const far = memoryAnswers();
  await far.set("k", "text", 60);
  const near = memoryAnswers();
  assert.equal(await layeredAnswers(near, far).get("k"), "text");
  assert.equal(await near.get("k"), "text");
  const puts = [];
  const kv = kvAnswers({ get: async () => null, put: async (...args) => void puts.push(args) });
  await kv.set("x".repeat(5000), "text", 5);
  assert.equal(puts[0][0].length, 64);
  assert.equal(puts[0][2].expirationTtl, 60);
  const pages = new Map();
  const cache = cacheApiAnswers({
    match: async (key) => pages.get(key),
    put: async (key, reply) => void pages.set(key, reply),
  });
  await cache.set('["a/b",1]', "text", 5);
  assert.ok([...pages.keys()][0].startsWith("https://answers.pocketsage.invalid/"));
  assert.equal(await cache.get('["a/b",1]'), "text");
});

test("the memory store keeps the newest answers", async () => {
  const store = memoryAnswers(2);
  for (const key of ["a", "b", "c"]) await store.set(key, key, 1);
  assert.deepEqual(await Promise.all(["a", "b", "c"].map(store.get)), [undefined, "b", "c"]);
});

test("only failed and unknown queries fall back; the rest keeps its first result", async (t) => {
  const catalogue = await smallCatalogue();
  t.after(() => catalogue.close());
  const { engine } = scripted([ok("a"), { status: "error", error: down }, { status: "not-found" }]);
  const answers = await withFallback(engine, localRetriever(catalogue)).ask([
    query("food-1"),
    { item: "sport-1", count: 3 },
    { item: "elsewhere", count: 3 },
  ]);
  assert.deepEqual(
    answers.map(({ status, via }) => via ?? status),
    ["engine", "local", "not-found"],
  );
  assert.ok(answers[1].hits.every(({ item }) => item.startsWith("sport") && item !== "sport-1"));
});

test("a fallback that rejects does not reject the call", async () => {
  const catalogue = await Catalogue.from([["a", Float32Array.of(1, 0)]], { dim: 2 });
  catalogue.close();
  const [answer] = await withFallback(scripted(down).engine, localRetriever(catalogue)).ask([
    query(),
  ]);
  assert.equal(answer.error, down);
});

test("resilient: cache, then stale, then the local catalogue, then the error", async (t) => {
  const catalogue = await smallCatalogue();
  t.after(() => catalogue.close());
  const time = clock();
  let alive = true;
  const { engine } = scripted((queries) =>
    queries.map(() => (alive ? ok("a") : { status: "error", error: down })),
  );
  const options = {
    cache: { store: memoryAnswers(), fresh: 1000 },
    retry: { retries: 0 },
    ...time.runtime,
  };
  const whole = resilient(engine, { ...options, fallback: localRetriever(catalogue) });
  const via = async (given) => (await whole.ask([given]))[0].via;
  assert.deepEqual([await via(query()), await via(query())], ["engine", "cache"]);
  alive = false;
  await time.advance(1001);
  assert.deepEqual([await via(query()), await via(query("food-2"))], ["stale", "local"]);
  const [lost] = await resilient(engine, options).ask([query("food-9")]);
  assert.equal(lost.error.reason, "network");
  await assert.rejects(whole.ask([{ item: "a", count: 0 }]), { code: "option" });
});
