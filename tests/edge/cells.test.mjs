// POST /v1/cells/xor in workerd: two servers, a device between them, and every invalid request.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { init } from "pocketsage";
import { openPrivacy } from "pocketsage/privacy";
import { encodeXorRequest, splitCell } from "../../pkg/privacy/cells/xor.js";
import { DIM, inShards, makeCells, makeItems, queriesOf } from "../privacy/world.mjs";
import { mint, startWorker } from "./worker.mjs";

const items = makeItems(300);
const OCTETS = { "content-type": "application/octet-stream" };
let cells;
let workers;
let token;

/** All Workers that were started; a test that fails does not stop its own. */
const started = [];

/** A Worker with these files in public/cells. */
const serve = async (files, bindings = {}) => {
  const worker = await startWorker({ cells: files, bindings: { DIM: String(DIM), ...bindings } });
  started.push(worker);
  return worker;
};

before(
  async () => {
    await init();
    cells = await makeCells(items, 20);
    workers = [await serve(cells.files), await serve(cells.files)];
    token = await mint({ sub: undefined });
  },
  { timeout: 120_000 },
);
after(() => Promise.all(started.map((worker) => worker.stop())));

/** Files from memory, cells from the two Workers. */
const fetchFrom = (url, options) => {
  const name = String(url).split("/items.cells/")[1];
  if (name === undefined) return fetch(url, { ...options, cache: undefined });
  const bytes = cells.files.get(name);
  return new Response(bytes ?? null, { status: bytes ? 200 : 404 });
};

const openSplit = (hosts) =>
  openPrivacy({
    mode: "cells",
    cells: { url: "https://cdn.example/items.cells" },
    transport: "split",
    hosts,
    fetch: fetchFrom,
    headers: { authorization: `Bearer ${token}` },
  });
const addressesOf = (list) => list.map(({ url }) => String(new URL("/v1/cells/xor", url)));

test("two Workers give the device its cells, and log nothing of them", async () => {
  const privacy = await openSplit(addressesOf(workers));
  const queries = queriesOf(items, 0, 1, 2);
  const answers = await privacy.retriever(queries);
  assert.equal(answers[0][0].item, items[0][0]);
  assert.match(privacy.payload(answers[0][0].item).title, /^title/);
  for (const worker of workers) {
    await worker.waitForLog(/"route":"\/v1\/cells\/xor","status":200/);
    assert.doesNotMatch(worker.log(), /item-|title/);
  }
  privacy.close();
});

test("cells larger than the memory are spread over objects, and answer the same", async () => {
  const sharded = await serve(inShards(cells), { CELLS_MEMORY_MB: "0.001" });
  const vectors = splitCell(13, 20, crypto.getRandomValues(new Uint8Array(3)));
  const body = encodeXorRequest({ codebook: cells.report.codebook, cells: 20 }, vectors);
  const answers = [];
  for (const worker of [workers[0], sharded]) {
    const reply = await worker.request("/v1/cells/xor", { token, body, headers: OCTETS });
    assert.equal(reply.status, 200);
    answers.push(new Uint8Array(await reply.arrayBuffer()));
  }
  assert.deepEqual(answers[0], answers[1]);
});

test("without one of the two: a clear error, and no request instead", async () => {
  const third = await serve(cells.files);
  const privacy = await openSplit(addressesOf([workers[0], third]));
  await third.stop();
  await assert.rejects(privacy.retriever(queriesOf(items, 0)), {
    code: "retrieval",
    message: /the request failed.*No other request was sent instead/,
  });
  assert.equal(privacy.outboundLog().length, 4, "manifest, codebook, and one to each");
});

test("a Worker with other cells is refused", async () => {
  const other = await makeCells(makeItems(300, 24, 2), 20);
  const third = await serve(other.files);
  const privacy = await openSplit(addressesOf([workers[0], third]));
  await assert.rejects(privacy.retriever(queriesOf(items, 0)), { message: /another codebook/ });
});

for (const [name, change, status] of [
  ["an empty body", () => new Uint8Array(), 400],
  ["a cut body", (body) => body.subarray(0, body.length - 1), 400],
  ["a bit after the last cell", (body) => body.with(body.length - 1, 0x10), 400],
  ["another codebook", (body) => body.with(9, body[9] ^ 1), 409],
  ["too long a body", () => new Uint8Array(600_000), 413],
])
  test(`refuses ${name}`, async () => {
    const [vector] = splitCell(3, 20, new Uint8Array(3));
    const body = change(encodeXorRequest({ codebook: cells.report.codebook, cells: 20 }, [vector]));
    const reply = await workers[0].request("/v1/cells/xor", { token, body, headers: OCTETS });
    assert.equal(reply.status, status, await reply.text());
  });

test("without a token, and without cells", async () => {
  const body = new Uint8Array(3);
  const options = { body, headers: OCTETS };
  const refused = await workers[0].request("/v1/cells/xor", { ...options, user: null });
  assert.equal(refused.status, 401);
  const empty = await serve(new Map());
  const failed = await empty.request("/v1/cells/xor", { ...options, token });
  assert.equal(failed.status, 500);
  assert.match(await failed.text(), /public\/cells cannot be read: manifest.json is missing/);
});
