// The mode `cells` and `local`: what is sent, what it costs, and every failure of the servers.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Catalogue, init, memoryStore, openSage } from "pocketsage";
import { openPrivacy } from "../../pkg/privacy/index.js";
import {
  DAY,
  DIM,
  FOLDER,
  HOSTS,
  makeCells,
  makeItems,
  makeNetwork,
  printFigure,
  queriesOf,
  releasesOf,
} from "./world.mjs";

const K = 32;
const items = makeItems(640);
let cells;
before(async () => {
  await init();
  cells = await makeCells(items, K);
});

const START = 20_000 * DAY;
/** Options of each transport: 3 interests of 2 cells. */
const TRANSPORTS = {
  split: { transport: "split", hosts: HOSTS },
  static: { transport: "static", epsilon: 3, cap: 20 },
  plain: { transport: "plain" },
};

/** A privacy on a network of its own. */
async function open(transport, { replace, ...options } = {}) {
  const network = await makeNetwork(cells, replace);
  const privacy = await openPrivacy({
    mode: "cells",
    cells: { url: FOLDER },
    interests: 3,
    probes: 2,
    now: () => START,
    fetch: network.fetch,
    ...TRANSPORTS[transport],
    ...options,
  });
  return { network, privacy };
}

for (const transport of Object.keys(TRANSPORTS))
  test(`${transport}: a sage sends exactly what preview shows, once an epoch`, async () => {
    let now = START;
    const outbound = [];
    const { network, privacy } = await open(transport, {
      now: () => now,
      onOutbound: (message) => outbound.push(message),
    });
    const sage = await openSage({ dim: DIM, retriever: privacy.retriever, now: () => now });
    await sage.record(
      [0, 1, 24, 25, 48].map((row) => ({ item: items[row][0], vector: items[row][1], at: now })),
    );
    assert.equal(releasesOf(network).length, 0);
    const preview = await sage.preview();
    const again = await sage.preview();
    assert.deepEqual(preview, again);
    const recommendations = await sage.recommend({ count: 10 });
    const sent = releasesOf(network);
    assert.deepEqual(
      sent.map(({ url, bytes }) => [url, Buffer.from(bytes)]),
      preview.map(({ to, bytes }) => [to, Buffer.from(bytes)]),
    );
    assert.equal(sent.length, transport === "split" ? 2 : 6);
    assert.deepEqual(outbound.slice(2), preview);
    assert.deepEqual(
      privacy.outboundLog().map(({ to }) => to),
      outbound.map(({ to }) => to),
    );
    assert.ok(recommendations.length > 0);
    assert.match(privacy.payload(recommendations[0].item).title, /^title \d+$/);

    assert.deepEqual(await sage.preview(), []);
    await sage.record({ item: items[5][0], vector: items[5][1] });
    await sage.recommend();
    assert.equal(releasesOf(network).length, sent.length, "nothing more in this epoch");
    now += DAY;
    await sage.recommend();
    assert.equal(releasesOf(network).length, 2 * sent.length);
    privacy.close();
    await sage.close();
  });

test("split: the device finds the items of the true cells, and nothing is spent", async () => {
  const { privacy } = await open("split");
  const catalogue = await Catalogue.from(items, { dim: DIM });
  const queries = queriesOf(items, 0, 1, 2);
  const answers = await privacy.retriever(queries);
  answers.forEach((hits, row) => {
    const ideal = catalogue.search(queries[row].vector, { count: 10 });
    const found = ideal.filter(({ item }) => hits.some((hit) => hit.item === item));
    assert.ok(found.length >= 5, `${found.length} of 10`);
  });
  assert.deepEqual(privacy.ledger(), { lifetime: 0, cap: Infinity, epochs: [], isSpent: false });
  privacy.close();
  catalogue.close();
});

test("the number, order and sizes of requests do not depend on the profile", async () => {
  for (const transport of Object.keys(TRANSPORTS)) {
    const shapes = new Set();
    for (const rows of [[], [0], [0, 24], [0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7]]) {
      const { network, privacy } = await open(transport);
      await privacy.release(queriesOf(items, ...rows));
      shapes.add(
        releasesOf(network)
          .map(({ method, url, bytes }) => `${method} ${HOSTS.includes(url) ? bytes.length : ""}`)
          .join(),
      );
      privacy.close();
    }
    assert.equal(shapes.size, 1, transport);
  }
  printFigure("requests of 0, 1, 2, 3 and 8 interests: different shapes", 1);
});

test("static: an unchanged interest costs nothing more, also after a reload", async () => {
  const store = memoryStore();
  const sets = [];
  for (let epoch = 0; epoch < 5; epoch += 1) {
    const { network, privacy } = await open("static", { store, now: () => START + epoch * DAY });
    await privacy.release(queriesOf(items, 0, 1));
    sets.push(
      releasesOf(network)
        .map(({ url }) => url)
        .sort()
        .join(),
    );
    const { lifetime, epochs } = privacy.ledger();
    assert.ok(lifetime > 5.99 && lifetime <= 6, `${lifetime}`);
    assert.deepEqual(
      epochs.map(({ epoch: number }) => number),
      [20_000],
    );
    privacy.close();
  }
  assert.equal(new Set(sets).size, 1, "dummies are permanent, too");
  printFigure("static, 5 visits with an unchanged profile: epsilon", "2 x 3, once");
});

test("static: at the cap random sets go out, and look the same", async () => {
  const store = memoryStore();
  let lifetime = 0;
  for (let epoch = 0; epoch < 8; epoch += 1) {
    const options = { store, cap: 7, now: () => START + epoch * DAY };
    const { network, privacy } = await open("static", options);
    await privacy.release(queriesOf(items, epoch, epoch + 8, epoch + 16));
    assert.equal(releasesOf(network).length, 6);
    assert.ok(privacy.ledger().lifetime >= lifetime && privacy.ledger().lifetime <= 7);
    lifetime = privacy.ledger().lifetime;
    privacy.close();
  }
  const { privacy } = await open("static", { store, cap: 7 });
  assert.equal(privacy.ledger().isSpent, true);
});

test("ledgers add when devices merge, and survive export and import", async () => {
  const first = (await open("static")).privacy;
  const second = (await open("static")).privacy;
  await first.release(queriesOf(items, 0));
  await second.release(queriesOf(items, 0, 2));
  const one = first.ledger().lifetime;
  await first.importLedger(second.exportLedger());
  await first.importLedger(second.exportLedger());
  assert.ok(Math.abs(first.ledger().lifetime - 3 * one) < 1e-9);
  await second.importLedger(first.exportLedger());
  assert.deepEqual(second.exportLedger(), first.exportLedger());
  await assert.rejects(first.importLedger(new Uint8Array(3)), { code: "corrupt" });
});

test("a ledger that goes backwards stops releases", async () => {
  const store = memoryStore();
  let now = START;
  const { network, privacy } = await open("static", { store, now: () => now });
  await privacy.release(queriesOf(items, 0));
  const saved = privacy.exportLedger();
  const before = releasesOf(network).length;
  await store.clear();
  now += DAY;
  await assert.rejects(privacy.release(queriesOf(items, 9)), {
    code: "storage",
    message: /went backwards/,
  });
  assert.equal(releasesOf(network).length, before);
  await privacy.importLedger(saved);
  await privacy.release(queriesOf(items, 9));
});

test("a store that fails, or holds other bytes, stops everything", async () => {
  const failing = { ...memoryStore(), load: () => Promise.reject(new Error("disk")) };
  await assert.rejects(open("static", { store: failing }), { code: "storage" });
  const store = memoryStore();
  await store.save(new TextEncoder().encode("{}"));
  await assert.rejects(open("static", { store }), { code: "corrupt" });
});

test("without cryptographic randomness nothing is sent", async (context) => {
  for (const transport of Object.keys(TRANSPORTS)) {
    const { network, privacy } = await open(transport);
    context.mock.method(globalThis.crypto, "getRandomValues", () => {
      throw new Error("unavailable");
    });
    await assert.rejects(privacy.release(queriesOf(items, 0)), { code: "not-ready" });
    assert.throws(() => privacy.retriever.outbound(queriesOf(items, 0)), { code: "not-ready" });
    assert.equal(releasesOf(network).length, 0);
    context.mock.restoreAll();
  }
});

const truncate = async (bytes) => new Response((await bytes).subarray(1));
const alter = async (bytes) => {
  const altered = (await bytes).slice();
  altered[altered.length >> 1] ^= 1;
  return new Response(altered);
};
const extend = async (bytes) => new Response(Buffer.concat([await bytes, Buffer.alloc(1)]));
const isCell = (url) => /\.cell$/.test(url);

for (const [name, transport, replace, expected] of [
  [
    "a missing cell",
    "plain",
    ({ url }) => isCell(url) && new Response("", { status: 404 }),
    /not f/,
  ],
  ["a short cell", "static", ({ url, answer }) => isCell(url) && truncate(answer()), /expected/],
  ["a long cell", "static", ({ url, answer }) => isCell(url) && extend(answer()), /longer than/],
  ["an altered cell", "plain", ({ url, answer }) => isCell(url) && alter(answer()), /altered/],
  [
    "a server that is down",
    "split",
    ({ url }) => {
      if (url === HOSTS[1]) throw new TypeError("fetch failed");
    },
    /two\.example.*failed.*No other request/,
  ],
  ["a lying server", "split", ({ url, answer }) => url === HOSTS[0] && alter(answer()), /altered/],
  [
    "a short answer",
    "split",
    ({ url, answer }) => url === HOSTS[0] && truncate(answer()),
    /expected/,
  ],
  [
    "a server with another codebook",
    "split",
    ({ url }) => url === HOSTS[1] && new Response("", { status: 409 }),
    /another codebook. Open the cells again/,
  ],
  [
    "a slow server",
    "split",
    ({ url, signal }) =>
      url === HOSTS[1] &&
      new Promise((_, reject) => {
        const wait = setInterval(() => {}, 1000); // a connection keeps the process alive
        signal.addEventListener("abort", () => {
          clearInterval(wait);
          reject(signal.reason);
        });
      }),
    /two\.example.*no reply within 200 ms/,
  ],
  [
    "an error status",
    "split",
    ({ url }) => HOSTS.includes(url) && new Response("", { status: 500 }),
    /answered 500/,
  ],
])
  test(`${name} is a clear error, and nothing is sent instead`, async () => {
    const { network, privacy } = await open(transport, { replace, timeout: 200 });
    await assert.rejects(privacy.retriever(queriesOf(items, 0, 1)), { message: expected });
    assert.equal(releasesOf(network).length, transport === "split" ? 2 : 6);
    assert.ok(privacy.outboundLog().length > 2);
  });

test("random vectors are used once, also after a failure", async () => {
  let isDown = true;
  const { network, privacy } = await open("split", {
    replace: ({ url }) => {
      if (isDown && url === HOSTS[1]) throw new TypeError("fetch failed");
    },
  });
  const queries = queriesOf(items, 0, 1);
  privacy.retriever.outbound(queries);
  await assert.rejects(privacy.retriever(queries), { code: "retrieval" });
  isDown = false;
  await privacy.retriever(queries);
  const bodies = releasesOf(network).map(({ bytes }) => Buffer.from(bytes).toString("hex"));
  assert.equal(new Set(bodies).size, 4);
});

test("an aborted call ends; a pinned codebook refuses another", async () => {
  const { privacy } = await open("split");
  await assert.rejects(privacy.retriever(queriesOf(items, 0), AbortSignal.abort()), {
    code: "aborted",
  });
  await assert.rejects(open("split", { cells: { url: FOLDER, codebook: "0".repeat(64) } }), {
    code: "corrupt",
    message: /expected 0{64}/,
  });
  const damaged = ({ url, answer }) => /codebook/.test(url) && alter(answer());
  await assert.rejects(open("split", { replace: damaged }), { code: "corrupt" });
});

test("onOutbound can stop a message", async () => {
  let count = 0;
  const { network, privacy } = await open("plain", {
    onOutbound: () => {
      if (++count > 2) throw new Error("no consent");
    },
  });
  await assert.rejects(privacy.retriever(queriesOf(items, 0)));
  assert.equal(releasesOf(network).length, 0);
});

test("local: a shard is random, permanent, and independent of the profile", async () => {
  const store = memoryStore();
  const urls = new Set();
  for (const rows of [[], [0], [300, 301]]) {
    const network = await makeNetwork(cells);
    const options = { cells: { url: FOLDER }, shard: 5, store, fetch: network.fetch };
    const privacy = await openPrivacy(options);
    await privacy.release(queriesOf(items, ...rows));
    urls.add(
      releasesOf(network)
        .map(({ url }) => url)
        .join(),
    );
    assert.equal(privacy.ledger().lifetime, 0);
  }
  assert.equal(urls.size, 1);
  const catalogue = await Catalogue.from(items, { dim: DIM });
  const privacy = await openPrivacy({ catalogue });
  const queries = queriesOf(items, 0);
  assert.deepEqual(privacy.retriever.outbound(queries), []);
  assert.equal((await privacy.retriever(queries))[0].length, 50);
});

for (const [name, options, expected] of [
  ["an unknown mode", { mode: "safe" }, /local, cells, anchors or medoids, saw "safe"/],
  ["no catalogue", {}, /either a `catalogue`, or `cells`/],
  ["options of another mode", { mode: "medoids", epsilon: 1 }, /unknown option "epsilon"/],
  [
    "an unknown transport",
    { mode: "cells", cells: {}, transport: "tor" },
    /split, static or plain/,
  ],
  [
    "one host",
    { mode: "cells", cells: {}, transport: "split", hosts: [HOSTS[0]] },
    /two addresses/,
  ],
  [
    "equal hosts",
    { mode: "cells", cells: {}, transport: "split", hosts: [HOSTS[0], HOSTS[0]] },
    /two/,
  ],
  ["no cap", { mode: "cells", cells: {}, transport: "static", epsilon: 1 }, /cap/],
  [
    "epsilon NaN",
    { mode: "cells", cells: {}, transport: "static", epsilon: NaN, cap: 1 },
    /epsilon/,
  ],
  ["an epsilon for split", { mode: "cells", cells: {}, transport: "split", epsilon: 1 }, /static/],
  [
    "an epsilon over the cap",
    { mode: "cells", cells: {}, transport: "static", epsilon: 3, cap: 2 },
    /at most the cap of 2, saw 3/,
  ],
  ["no interests", { mode: "cells", cells: {}, transport: "plain", interests: 0 }, /interests/],
  ["no probes", { mode: "cells", cells: {}, transport: "plain", probes: 0 }, /probes/],
  ["too many vectors", { mode: "cells", cells: {}, ...TRANSPORTS.split, probes: 40 }, /at most 64/],
])
  test(`refuses ${name}`, () =>
    assert.rejects(openPrivacy(options), (error) => expected.test(error.message)));
