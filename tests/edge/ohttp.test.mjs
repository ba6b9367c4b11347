// The OHTTP gateway in workerd behind a relay: a device retrieves cells, and its address stays out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Catalogue, init } from "pocketsage";
import { openPrivacy } from "pocketsage/privacy";
import { ohttpFetch, ohttpRelay } from "pocketsage/privacy/ohttp";
import { httpRetriever } from "pocketsage/remote";
import { serveFetch } from "../../scripts/lib/http.mjs";
import { DIM, makeCells, makeItems, queriesOf } from "../privacy/world.mjs";
import { KEYS, mint, startWorker } from "./worker.mjs";

const PATH = "/.well-known/ohttp-gateway";
const items = makeItems(300);
let cells;
let workers;
let relays;
let token;

/** The relay of the package before this Worker, a server of its own that records what it sees. */
async function openRelay(worker, options = {}) {
  const seen = [];
  const relay = ohttpRelay({ gateway: new URL(PATH, worker.url), maxBytes: 2 ** 20, ...options });
  const server = await serveFetch(async (request) => {
    const body = Buffer.from(await request.clone().arrayBuffer());
    const reply = await relay(request);
    const answer = Buffer.from(await reply.clone().arrayBuffer());
    const headers = Object.fromEntries(request.headers);
    seen.push({ headers, body, answer, status: reply.status });
    return reply;
  });
  return { ...server, seen };
}

const start = (options = {}) =>
  startWorker({
    cells: cells.files,
    ...options,
    bindings: {
      DIM: String(DIM),
      OHTTP_KEYS: JSON.stringify({ 1: KEYS.first }),
      ...options.bindings,
    },
  });
const keysOf = async (worker) =>
  new Uint8Array(await (await fetch(new URL(PATH, worker.url))).arrayBuffer());

before(
  async () => {
    await init();
    cells = await makeCells(items, 20);
    workers = [await start(), await start()];
    relays = await Promise.all(workers.map(openRelay));
    token = await mint({ sub: undefined });
  },
  { timeout: 120_000 },
);
after(async () => {
  await Promise.all((relays ?? []).map((relay) => relay.close()));
  await Promise.all((workers ?? []).map((worker) => worker.stop()));
});

/** A fetch that sends each request through the relay of its host. */
async function openFetch() {
  const byHost = new Map();
  for (const [index, worker] of workers.entries()) {
    const keys = await keysOf(worker);
    byHost.set(new URL(worker.url).host, ohttpFetch({ relay: relays[index].origin, keys }));
  }
  return (url, init) => byHost.get(new URL(url).host)(url, init);
}

test("two-server retrieval through two relays", async () => {
  const fetch = await openFetch();
  const privacy = await openPrivacy({
    mode: "cells",
    transport: "split",
    fetch,
    headers: { authorization: `Bearer ${token}` },
    cells: { url: new URL("/cells", workers[0].url) },
    hosts: workers.map(({ url }) => String(new URL("/v1/cells/xor", url))),
  });
  for (const { seen } of relays) seen.length = 0;
  const queries = queriesOf(items, 0, 1, 2);
  const preview = privacy.retriever.outbound(queries);
  const answers = await privacy.retriever(queries);
  assert.equal(answers[0][0].item, items[0][0]);
  privacy.close();
  for (const [index, { seen }] of relays.entries()) {
    assert.equal(seen.length, 1, "one request for each message of the preview");
    const [{ body, answer, headers }] = seen;
    for (const bytes of [body, answer]) {
      assert.ok(Number.isInteger(Math.log2(bytes.length)), `${bytes.length} bytes`);
      assert.ok(!bytes.includes(Buffer.from(preview[index].bytes.subarray(40))));
      assert.doesNotMatch(bytes.toString("latin1"), /item-|title|Bearer|cells/);
    }
    assert.ok(!JSON.stringify(headers).includes(token));
    await workers[index].waitForLog(/"route":"\/v1\/cells\/xor","status":200/);
    assert.doesNotMatch(workers[index].log(), /127\.0\.0\.1|item-|title/);
  }
});

test("plain cells, and httpRetriever, through a relay", async (t) => {
  const fetch = await openFetch();
  const url = new URL("/cells", workers[0].url);
  const privacy = await openPrivacy({ mode: "cells", transport: "plain", cells: { url }, fetch });
  const answers = await privacy.retriever(queriesOf(items, 5));
  assert.equal(answers[0][0].item, items[5][0]);
  privacy.close();

  const catalogue = await Catalogue.from(items, { dim: DIM });
  const worker = await start({ catalogue: catalogue.toBytes(), bindings: { ENGINE: "catalogue" } });
  t.after(() => worker.stop());
  const relay = await openRelay(worker);
  t.after(() => relay.close());
  const options = { url: new URL("/v1/retrieve", worker.url), token, send: "ids" };
  const hidden = ohttpFetch({ relay: relay.origin, keys: await keysOf(worker) });
  const hits = await httpRetriever({ ...options, fetch: hidden })(queriesOf(items, 9));
  assert.ok(hits[0].length > 0);
  assert.deepEqual(hits, await httpRetriever(options)(queriesOf(items, 9)), "as without OHTTP");
  catalogue.close();
});

test("routes of a user, foreign paths and missing tokens are refused inside", async () => {
  const fetch = await openFetch();
  const send = (path, init) => fetch(new URL(path, workers[0].url), init);
  const userToken = await mint({ sub: "alice" });
  const authorization = `Bearer ${userToken}`;
  assert.equal((await send("/v1/profile", { headers: { authorization } })).status, 404);
  assert.equal((await send("/cells/../secret.json")).status, 404);
  assert.equal((await send("/health")).status, 404);
  const body = new Uint8Array(9);
  const headers = { "content-type": "application/octet-stream" };
  assert.equal((await send("/v1/cells/xor", { method: "POST", body, headers })).status, 401);
});

test("altered and repeated requests, wrong keys, and a rotation", async () => {
  const raw = (worker, body) =>
    fetch(new URL(PATH, worker.url), {
      method: "POST",
      body,
      headers: { "content-type": "message/ohttp-req" },
    });
  await (await openFetch())(new URL("/cells/manifest.json", workers[0].url));
  const { body } = relays[0].seen.at(-1);
  const repeated = await raw(workers[0], body);
  assert.equal(repeated.status, 400);
  assert.match((await repeated.json()).title, /received before/);
  body[100] ^= 1;
  assert.match((await (await raw(workers[0], body)).json()).title, /altered/);
  assert.equal((await raw(workers[0], new Uint8Array(2 ** 21))).status, 413);

  const rotated = await start({
    bindings: { OHTTP_KEYS: JSON.stringify({ 1: KEYS.first, 2: KEYS.second }) },
  });
  const relay = await openRelay(rotated);
  const manifest = new URL("/cells/manifest.json", rotated.url);
  for (const keys of [await keysOf(workers[0]), await keysOf(rotated)]) {
    const reply = await ohttpFetch({ relay: relay.origin, keys })(manifest);
    assert.equal(reply.status, 200);
  }
  assert.deepEqual(
    relay.seen.map((exchange) => exchange.body[0]),
    [1, 2],
  );
  // A Worker that dropped key 2.
  const old = ohttpFetch({ relay: relays[0].origin, keys: await keysOf(rotated) });
  await assert.rejects(old(manifest), { code: "retrieval", message: /other keys/ });
  await relay.close();
  await rotated.stop();
});

test("requests are limited per relay at the gateway, and per user inside", async (t) => {
  const simple = { simple: { limit: 3, period: 60 } };
  const limited = await start({
    limit: 2,
    cells: cells.files,
    ratelimits: { LIMIT: { simple: { limit: 2, period: 60 } }, GATEWAY_LIMIT: simple },
  });
  t.after(() => limited.stop());
  const keys = await keysOf(limited); // the first of three
  const relay = await openRelay(limited);
  t.after(() => relay.close());
  const send = ohttpFetch({ relay: relay.origin, keys });
  const manifest = new URL("/cells/manifest.json", limited.url);
  assert.equal((await send(manifest)).status, 200);
  assert.equal((await send(manifest)).status, 200);
  await assert.rejects(send(manifest), {
    code: "retrieval",
    message: /the answer was 429 \(Too many requests\)/,
  });
  const refused = await fetch(new URL(PATH, limited.url), { method: "POST", body: "x" });
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "60"]);
  assert.equal(refused.headers.get("content-type"), "application/problem+json");
  // The routes outside have their own limit, which the gateway did not use up.
  assert.equal((await limited.request("/v1/profile")).status, 200);

  const inside = await start({
    limit: 2,
    cells: cells.files,
    ratelimits: { LIMIT: { simple: { limit: 2, period: 60 } } },
  });
  t.after(() => inside.stop());
  const insideRelay = await openRelay(inside);
  t.after(() => insideRelay.close());
  const sendInside = ohttpFetch({ relay: insideRelay.origin, keys: await keysOf(inside) });
  const statusWith = async (bearer) => {
    const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
    const url = new URL("/v1/retrieve", inside.url);
    return (await sendInside(url, { method: "POST", body: "{}", headers })).status;
  };
  const named = await mint({ sub: "alice" });
  const statuses = [];
  for (let attempt = 0; attempt < 3; attempt += 1) statuses.push(await statusWith(named));
  assert.deepEqual(statuses, [400, 400, 429], "a user has one limit, inside and outside");
  for (let attempt = 0; attempt < 4; attempt += 1)
    assert.equal(await statusWith(token), 400, "without a user nothing counts per address inside");
});

test("without keys there is no gateway; invalid keys are an error of the settings", async () => {
  const none = await start({ bindings: { OHTTP_KEYS: "" } });
  assert.equal((await fetch(new URL(PATH, none.url))).status, 404);
  await none.stop();
  const invalid = await start({ bindings: { OHTTP_KEYS: '{"1":"short"}' } });
  assert.equal((await fetch(new URL(PATH, invalid.url))).status, 500);
  await invalid.waitForLog(/OHTTP_KEYS.*mint\.mjs key/);
  await invalid.stop();
});
