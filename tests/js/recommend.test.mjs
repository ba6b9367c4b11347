import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue, openSage } from "pocketsage";
import { localRetriever } from "pocketsage/remote";
import { actionsOn, DIM, ITEMS, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const catalogue = await smallCatalogue();
const open = async (options = {}) => {
  const sage = await openSage({ catalogue, now: () => NOW, ...options });
  await sage.record(actionsOn("food-1", "sport-1", "food-2", "animal-1", "sport-2", "food-3"));
  return sage;
};

/** A retriever that records its calls and answers from the catalogue. */
function recordingRetriever() {
  const calls = [];
  async function engine(queries, signal) {
    calls.push({ queries, signal });
    return queries.map(({ vector, count }) => catalogue.search(vector, { count }));
  }
  return { calls, engine };
}

/** Queries as JSON, the form used by preview(). */
const asJson = (queries) =>
  JSON.stringify(queries.map(({ vector, ...rest }) => ({ vector: [...vector], ...rest })));

/** Of `items`, the 3 most similar to `item`, those with a cosine of at least 0.3. */
function nearestOf(item, items) {
  return catalogue
    .search(catalogue.vector(item), {
      count: 3,
      minScore: 0.3,
      exclude: ITEMS.filter((other) => !items.includes(other)),
    })
    .map((hit) => hit.item);
}

test("recommendations follow the interests and explain themselves", async () => {
  const sage = await open();
  const picks = await sage.recommend({ count: 12 });
  assert.equal(picks.length, 12);
  const { interests } = await sage.profile();
  const medoids = interests.map(({ medoid }) => medoid);
  for (const { item, score, because } of picks) {
    const theme = item.split("-")[0];
    assert.ok(because.medoid.startsWith(theme), `${item} because of ${because.medoid}`);
    assert.ok(medoids.includes(because.medoid));
    const { items } = interests.find(({ medoid }) => medoid === because.medoid);
    assert.deepEqual(because.nearest, nearestOf(item, items));
    assert.ok(because.from === "interest" || because.from === "history");
    assert.ok(score > 0.3 && score <= 1.001, `a cosine: ${score}`);
  }
  assert.equal(new Set(picks.map(({ item }) => item)).size, 12);
  assert.equal(
    new Set(picks.map(({ because }) => because.medoid)).size,
    3,
    "every interest is represented",
  );
});

test("what was acted on, hidden or excluded is never recommended", async () => {
  const sage = await open();
  await sage.hide("food-5");
  const picks = await sage.recommend({ count: 1000, exclude: new Set(["sport-5", "ghost"]) });
  const items = picks.map(({ item }) => item);
  const never = [
    "food-1",
    "food-2",
    "food-3",
    "sport-1",
    "sport-2",
    "animal-1",
    "food-5",
    "sport-5",
  ];
  assert.deepEqual(
    [...items].sort(),
    ITEMS.filter((item) => !never.includes(item)).sort(),
    "every other item is",
  );
});

test("exclude takes any iterable", async () => {
  const sage = await open();
  function* rest() {
    for (const item of ITEMS) if (item !== "food-9") yield item;
  }
  assert.deepEqual(
    (await sage.recommend({ exclude: rest() })).map(({ item }) => item),
    ["food-9"],
  );
});

test("count defaults to 20", async () =>
  assert.equal((await (await open()).recommend()).length, 20));

test("interests limits how many are queried, most important first", async () => {
  const sage = await open();
  const [{ medoid }] = (await sage.profile()).interests;
  const picks = await sage.recommend({ interests: 1, count: 5 });
  assert.ok(picks.every(({ because }) => because.medoid === medoid));
});

test("at most the 10 most important interests are queried, or 3 sampled ones", async () => {
  const { calls, engine } = recordingRetriever();
  const retrieval = { cut: { count: 12 } };
  const sage = await openSage({ catalogue, retriever: engine, retrieval });
  await sage.record(actionsOn(...ITEMS.slice(0, 15)));
  await sage.recommend();
  await sage.recommend({ pick: { seed: 1 } });
  await sage.recommend({ pick: { seed: 1 }, interests: 5 });
  await sage.recommend({ focus: 0 });
  await sage.recommend({ focus: 1 });
  assert.deepEqual(
    calls.map(({ queries }) => [
      queries.length,
      queries.filter(({ item }) => item === undefined).length,
    ]),
    [
      [11, 1],
      [3, 0],
      [5, 0],
      [10, 0],
      [1, 1],
    ],
    "and the average of the history",
  );
});

test("the same seed picks the same interests, other seeds pick others", async () => {
  const sage = await openSage({ catalogue, retrieval: { cut: { count: 12 } } });
  await sage.record(actionsOn(...ITEMS.slice(0, 15)));
  const because = async (seed) =>
    (await sage.recommend({ pick: { seed } })).map((pick) => pick.item).join();
  assert.equal(await because(7), await because(7));
  const seen = new Set(await Promise.all([1, 2, 3, 4, 5].map(because)));
  assert.ok(seen.size > 1, "five seeds give more than one selection");
});

test("a local catalogue sends nothing", async () => {
  const sage = await open();
  assert.deepEqual(await sage.preview(), []);
});

test("preview returns exactly the queries that recommend passes to the retriever", async () => {
  const { calls, engine } = recordingRetriever();
  const sage = await open({ retriever: engine });
  const variants = [{}, { count: 300 }, { interests: 2 }, { pick: { seed: 3 } }];
  for (const options of [...variants, { focus: 0 }, { focus: 1 }]) {
    const [outbound, ...more] = await sage.preview(options);
    assert.equal(more.length, 0);
    assert.equal(calls.length, 0, "preview does not call the retriever");
    await sage.recommend(options);
    const [{ queries }] = calls.splice(0);
    assert.equal(new TextDecoder().decode(outbound.bytes), asJson(queries));
    assert.equal(outbound.to, "engine");
    for (const { item } of queries) assert.ok(outbound.says.includes(item ?? "average"));
    const hasAverage = queries.some(({ item }) => item === undefined);
    assert.equal(hasAverage, outbound.says.includes("average"), outbound.says);
  }
});

test("a query holds a vector, an item of the history if it has one, and a count", async () => {
  const { calls, engine } = recordingRetriever();
  const sage = await open({ retriever: engine });
  await sage.recommend({ count: 30, exclude: ["food-9"] });
  const [average, ...queries] = calls[0].queries;
  assert.deepEqual(Object.keys(average).sort(), ["count", "vector"]);
  const length = Math.hypot(...average.vector);
  assert.ok(Math.abs(length - 1) < 1e-6, `unit length: ${length}`);
  assert.deepEqual(
    queries.map(({ item, ...rest }) => ({ theme: item.split("-")[0], ...rest })),
    queries.map(({ item }, index) => ({
      theme: ["food", "sport", "animal"][index],
      vector: catalogue.vector(item),
      count: 200,
    })),
  );
  calls[0].queries[1].vector.fill(0);
  assert.notDeepEqual(
    (await sage.profile()).interests[0].vector,
    new Float32Array(DIM),
    "its vectors are copies",
  );
});

test("an item unlike all items of its interest has no nearest item", async () => {
  const sage = await openSage({ dim: 2, retriever: () => [[{ item: "far", score: 0.1 }]] });
  const far = await Catalogue.from([["far", [0.1, 1]]], { dim: 2 });
  const known = await openSage({
    catalogue: far,
    retriever: () => [[{ item: "far", score: 0.1 }]],
  });
  for (const one of [sage, known]) await one.record({ item: "mine", vector: [1, 0] });
  const nearest = async (one) => (await one.recommend())[0].because.nearest;
  assert.deepEqual(await nearest(known), []);
  assert.deepEqual(await nearest(sage), ["mine"], "of an unknown vector: those near the medoid");
  assert.deepEqual((await known.explain("far")).nearest, []);
});

test("without a shown interest, items have a reason without a medoid", async () => {
  const options = { singletons: "drop", catalogue, now: () => NOW };
  for (const retriever of [undefined, localRetriever(catalogue)])
    for (const focus of [0.3, 1]) {
      const sage = await openSage({ ...options, ...(retriever && { retriever }) });
      await sage.record(actionsOn("food-1", "sport-1"));
      assert.deepEqual((await sage.profile()).interests, []);
      const list = await sage.recommend({ focus });
      assert.equal(list.length, 20);
      for (const { because } of list) assert.deepEqual(because.nearest, []);
      await sage.close();
    }
});

test("an empty history does not call the retriever", async () => {
  const { calls, engine } = recordingRetriever();
  const sage = await openSage({ catalogue, retriever: engine });
  assert.deepEqual(await sage.recommend(), []);
  assert.deepEqual(await sage.preview(), []);
  assert.equal(calls.length, 0);
});

test("a retriever works without a catalogue", async () => {
  const { engine } = recordingRetriever();
  const sage = await openSage({ dim: DIM, retriever: engine });
  await sage.record(
    actionsOn("food-1", "food-2").map((action) => ({ ...action, vector: vectorOf(action.item) })),
  );
  const picks = await sage.recommend({ count: 4 });
  assert.equal(picks.length, 4);
  for (const { item, because } of picks) {
    assert.ok(item.startsWith("food"));
    assert.ok(because.nearest.includes(because.medoid));
  }
  assert.ok(picks.every(({ item }) => item !== "food-1" && item !== "food-2"));
});

test("a failing retriever is an error with its cause, never an empty list", async () => {
  const cause = new Error("503");
  const sage = await open({ retriever: () => Promise.reject(cause) });
  const error = await rejects(sage.recommend(), "retrieval", /The retriever failed.*503/);
  assert.equal(error.cause, cause);
  const thrower = await open({
    retriever: () => {
      throw cause;
    },
  });
  await rejects(thrower.recommend(), "retrieval", /503/);
  assert.equal((await sage.profile()).actions, 6);
});

const invalidResults = [
  ["nothing", () => undefined, /4 lists for 4 queries, saw undefined/],
  ["too few lists", () => [[]], /4 lists for 4 queries/],
  ["no lists", () => [1, 2, 3, 4], /4 lists/],
  ["a hit without an item", () => [[{ score: 1 }], [], [], []], /item undefined/],
  ["a score that is NaN", () => [[{ item: "a", score: NaN }], [], [], []], /score NaN/],
  ["null for a hit", () => [[null], [], [], []], /item undefined/],
];
for (const [name, answer, message] of invalidResults) {
  test(`a retriever that returns ${name} is an error`, async () => {
    const sage = await open({ retriever: async () => answer() });
    await rejects(sage.recommend(), "retrieval", message);
  });
}

test("an aborted signal rejects before the retriever is called", async () => {
  const { calls, engine } = recordingRetriever();
  const sage = await open({ retriever: engine });
  const signal = AbortSignal.abort("changed my mind");
  const error = await rejects(sage.recommend({ signal }), "aborted", /aborted by its signal/);
  assert.equal(error.cause, "changed my mind");
  await rejects(sage.preview({ signal }), "aborted", /aborted/);
  assert.equal(calls.length, 0);
});

test("the signal reaches the retriever, and aborts even if ignored there", async () => {
  let passedSignal;
  const sage = await open({
    retriever: (_, signal) => {
      passedSignal = signal;
      return new Promise(() => {});
    },
  });
  const controller = new AbortController();
  const waiting = sage.recommend({ signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  await rejects(waiting, "aborted", /aborted/);
  assert.equal(passedSignal, controller.signal);
  await rejects(
    open({ retriever: async (_, signal) => signal.throwIfAborted() }).then((other) => {
      const already = new AbortController();
      setTimeout(() => already.abort());
      return other.recommend({ signal: already.signal });
    }),
    "retrieval",
    /4 lists for 4 queries/,
  );
});

test("calls after close reject", async () => {
  const sage = await open();
  await sage.close();
  await sage.close();
  const calls = [
    ["record", { item: "food-1" }],
    ["profile"],
    ["recommend"],
    ["explain", "food-1"],
    ["preview"],
    ["hide", "food-1"],
    ["forget", "everything"],
    ["export"],
    ["import", new Uint8Array()],
    ["map"],
  ];
  for (const [method, ...args] of calls)
    await rejects(sage[method](...args), "closed", /this sage was closed.*openSage/i);
});

test("disposing of a sage leaves the catalogue open", async () => {
  const sage = await open();
  await sage[Symbol.asyncDispose]();
  await rejects(sage.profile(), "closed", /closed/);
  assert.ok(catalogue.has("food-1"));
});

test("a closed catalogue is an error", async () => {
  const own = await Catalogue.from(
    [
      ["food-1", vectorOf("food-1")],
      ["food-2", vectorOf("food-2")],
    ],
    { dim: DIM },
  );
  const sage = await openSage({ catalogue: own });
  await sage.record({ item: "food-1" });
  own.close();
  await rejects(sage.recommend(), "closed", /catalogue was closed/);
});

test("preview returns the retriever's own outbound messages, if it has them", async () => {
  const { engine } = recordingRetriever();
  engine.outbound = (queries) => [
    { to: "there", bytes: Uint8Array.of(queries.length), says: "A number." },
  ];
  const sage = await open({ retriever: engine });
  const [message] = await sage.preview();
  assert.deepEqual([message.to, message.bytes], ["there", Uint8Array.of(4)]);
  assert.match(message.says, /^A number\. The query without an item is the average of the history/);
  assert.equal((await sage.preview({ focus: 0 }))[0].says, "A number.");
});
