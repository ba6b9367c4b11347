// The modes `anchors` and `medoids`: what the engine receives, and what an attacker learns from it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Catalogue, init, memoryStore, openSage } from "pocketsage";
import { openPrivacy } from "../../pkg/privacy/index.js";
import { DAY, DIM, makeItems, printFigure, queriesOf } from "./world.mjs";

const items = makeItems(600);
const START = 20_000 * DAY;
let engine;
let sample;
before(async () => {
  await init();
  engine = await Catalogue.from(items, { dim: DIM });
  sample = await Catalogue.from(
    items.filter((_, row) => Math.floor(row / 24) % 2 === 0),
    { dim: DIM },
  );
});

/** An engine that records what it receives. */
function recordingEngine() {
  const received = [];
  const retriever = async (queries) => {
    received.push(queries);
    return queries.map(({ vector, count }) => engine.search(vector, { count }));
  };
  return { received, retriever };
}

async function open(mode, options = {}) {
  const { received, retriever } = recordingEngine();
  const history = async () => [];
  const common = { catalogue: sample, interests: 6, now: () => START, retriever };
  const privacy = await openPrivacy({
    mode,
    ...common,
    ...(mode === "anchors" && { history }),
    ...options,
  });
  return { privacy, received };
}

for (const mode of ["anchors", "medoids"]) {
  test(`${mode}: a fixed number of items with vectors, and nothing else`, async () => {
    for (const rows of [[], [1], [1, 25, 49, 3], [1, 3, 5, 7, 9, 11, 13, 15]]) {
      const { privacy, received } = await open(mode);
      const queries = queriesOf(items, ...rows);
      const preview = privacy.retriever.outbound(queries);
      await privacy.retriever(queries);
      assert.equal(received.length, 1);
      assert.equal(received[0].length, 6);
      for (const query of received[0]) {
        assert.deepEqual(Object.keys(query).sort(), ["count", "item", "vector"]);
        assert.equal(query.count, 200);
      }
      const bytes = JSON.parse(new TextDecoder().decode(preview[0].bytes));
      assert.deepEqual(
        bytes.map(({ item }) => item),
        received[0].map(({ item }) => item),
      );
      await privacy.retriever(queries);
      assert.equal(received.length, 1, "one release an epoch");
      assert.deepEqual(privacy.retriever.outbound(queries), []);
    }
  });

  test(`${mode}: frozen for an epoch, also after a reload and with another history`, async () => {
    const store = memoryStore();
    const sent = [];
    for (const [rows, time] of [
      [[1, 25], 0],
      [[1, 25, 49], 1],
      [[1, 25, 49], DAY],
    ]) {
      const { privacy, received } = await open(mode, { store, now: () => START + time });
      await privacy.retriever(queriesOf(items, ...rows));
      sent.push(
        received[0]
          .map(({ item }) => item)
          .sort()
          .join(),
      );
    }
    assert.equal(sent[0], sent[1]);
    assert.notEqual(sent[1], sent[2]);
    const { frozen } = JSON.parse(new TextDecoder().decode(await store.load()));
    assert.equal(frozen.length, 1, "items of earlier epochs are deleted");
  });

  test(`${mode}: a sage gets recommendations`, async () => {
    const { privacy, received } = await open(mode);
    const sage = await openSage({ dim: DIM, retriever: privacy.retriever, now: () => START });
    await sage.record(
      [1, 25, 49, 3].map((row) => ({ item: items[row][0], vector: items[row][1], at: START })),
    );
    const preview = await sage.preview();
    assert.doesNotMatch(preview[0].says, /average/);
    assert.ok((await sage.recommend({ count: 5 })).length === 5);
    const bytes = JSON.parse(new TextDecoder().decode(preview[0].bytes));
    assert.deepEqual(
      bytes.map(({ item }) => item),
      received[0].map(({ item }) => item),
    );
    await sage.close();
  });
}

test("the order of items is shuffled", async () => {
  const orders = new Set();
  for (let visit = 0; visit < 12; visit += 1) {
    const { privacy, received } = await open("medoids");
    await privacy.retriever(queriesOf(items, 1, 3, 5, 7, 9, 11));
    orders.add(received[0].map(({ item }) => item).join());
  }
  assert.ok(orders.size > 6, `${orders.size} orders`);
});

test("a history does not change what was previewed; a conflict sends nothing", async () => {
  const itemsOf = (privacy, queries) =>
    JSON.parse(new TextDecoder().decode(privacy.retriever.outbound(queries)[0].bytes)).map(
      ({ item }) => item,
    );
  const queries = queriesOf(items, 1, 25);
  for (const mode of ["anchors", "medoids"]) {
    const history = async () => [items[1][0], items[25][0], items[200][0]];
    const { privacy, received } = await open(mode, { history });
    await privacy.neverSend(await history());
    const preview = itemsOf(privacy, queries);
    await privacy.retriever(queries);
    assert.deepEqual(
      received[0].map(({ item }) => item),
      preview,
    );
  }
  const history = [];
  const { privacy, received } = await open("anchors", { history: async () => history });
  history.push(itemsOf(privacy, queries)[0]);
  await assert.rejects(privacy.retriever(queries), { code: "retrieval", message: /neverSend/ });
  assert.equal(received.length, 0);
  const preview = itemsOf(privacy, queries);
  assert.ok(!preview.includes(history[0]));
  await privacy.retriever(queries);
  assert.deepEqual(
    received[0].map(({ item }) => item),
    preview,
  );
});

test("anchors are never in the history, and never were", async () => {
  const store = memoryStore();
  const history = new Set();
  for (let visit = 0; visit < 20; visit += 1) {
    const rows = [visit * 2, visit * 2 + 48, visit * 2 + 96];
    const queries = queriesOf(items, ...rows);
    for (const { item } of queries) history.add(item);
    const current = queries.map(({ item }) => item);
    const { privacy, received } = await open("anchors", {
      store,
      history: async () => current,
      now: () => START + visit * DAY,
    });
    await privacy.retriever(queries);
    for (const { item } of received[0]) assert.ok(!history.has(item), item);
  }
  const { privacy, received } = await open("anchors", { store, now: () => START + 99 * DAY });
  const [anchor] = sample.search(items[1][1], { count: 1 });
  await privacy.neverSend([anchor.item]);
  await privacy.retriever(queriesOf(items, 1));
  assert.ok(!received[0].some(({ item }) => item === anchor.item));
});

test("attack: items of the history revealed by repeated releases, for each mode", async () => {
  const interests = 20;
  const history = Array.from({ length: interests }, (_, index) => index * 24 + index);
  for (const mode of ["medoids", "anchors"]) {
    const revealed = new Set();
    let sentItems = 0;
    const store = memoryStore();
    for (let visit = 0; visit < 20; visit += 1) {
      // Three interests a visit, as with importance sampling.
      const rows = [0, 7, 13].map((step) => history[(visit * 3 + step) % interests]);
      const ids = history.map((row) => items[row][0]);
      const { privacy, received } = await open(mode, {
        store,
        now: () => START + visit * DAY,
        ...(mode === "anchors" && { history: async () => ids }),
      });
      await privacy.retriever(queriesOf(items, ...rows));
      for (const { item } of received[0]) {
        sentItems += 1;
        if (ids.includes(item)) revealed.add(item);
      }
    }
    const share = `${((100 * revealed.size) / interests).toFixed(0)} % of ${interests} interests`;
    printFigure(`${mode}, 20 releases of 3 interests: medoids revealed`, share);
    if (mode === "anchors") assert.equal(revealed.size, 0);
    else assert.ok(revealed.size === interests && sentItems === 120);
  }
});

test("attack: re-identification of what is sent, by the catalogue", async () => {
  for (const mode of ["medoids", "anchors"]) {
    let [hits, topics, total] = [0, 0, 0];
    for (let visit = 0; visit < 25; visit += 1) {
      const rows = [visit * 2 + 1, visit * 2 + 101, visit * 2 + 201];
      const queries = queriesOf(items, ...rows);
      const { privacy, received } = await open(mode);
      await privacy.retriever(queries);
      const guesses = received[0].map(({ vector }) => engine.search(vector, { count: 1 })[0].item);
      for (const { item } of queries) {
        total += 1;
        hits += guesses.includes(item) ? 1 : 0;
        const topic = Number(item.slice(5)) % 24;
        topics += guesses.some((guess) => Number(guess.slice(5)) % 24 === topic) ? 1 : 0;
      }
    }
    const percent = (count) => `${((100 * count) / total).toFixed(0)} %`;
    printFigure(`${mode}: medoids found as top-1 of a vector sent`, percent(hits));
    printFigure(`${mode}: topics of medoids found`, percent(topics));
    if (mode === "medoids") assert.equal(hits, total, "medoids disclose items of the history");
    else assert.equal(hits, 0);
  }
});

for (const [name, options, expected] of [
  ["no retriever", { mode: "medoids", catalogue: {} }, /retriever: expected one/],
  [
    "no sample",
    { mode: "medoids", retriever: () => [] },
    /a public sample of the items: expected a Catalogue/,
  ],
])
  test(`refuses ${name}`, () =>
    assert.rejects(openPrivacy(options), (error) => expected.test(error.message)));

test("anchors need the history, and a sample that is large enough", async () => {
  await assert.rejects(open("anchors", { history: undefined }), { message: /history: expected/ });
  const small = await Catalogue.from(items.slice(0, 3), { dim: DIM });
  const { privacy } = await open("medoids", { catalogue: small });
  await assert.rejects(privacy.retriever(queriesOf(items, 9)), { message: /too few items/ });
});

test("callers share a release, and each signal ends the wait of its caller only", async () => {
  const requests = [];
  const { privacy } = await open("medoids", {
    retriever: (queries, signal) =>
      new Promise((resolve, reject) => {
        requests.push({ signal, answer: () => resolve(queries.map(() => [])) });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const queries = queriesOf(items, 1);
  const requested = async (count) => {
    while (requests.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const [first, second] = [new AbortController(), new AbortController()];
  const firstCall = privacy.release(queries, first.signal);
  const secondCall = privacy.release(queries, second.signal);
  await requested(1);
  first.abort();
  await assert.rejects(firstCall, { code: "aborted" });
  assert.ok(!requests[0].signal.aborted, "the second caller waits");
  second.abort();
  await assert.rejects(secondCall, { code: "aborted" });
  assert.ok(requests[0].signal.aborted, "no caller waits");

  const later = privacy.release(queries);
  await requested(2);
  requests[1].answer();
  await later;
  await privacy.release(queries);
  assert.equal(requests.length, 2, "released once an epoch");
});
