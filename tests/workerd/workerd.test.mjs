// The package in workerd, the runtime of Cloudflare Workers, through Miniflare, compared with Node.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { buildProfile, Catalogue, init, openSage } from "pocketsage";
import { bundle } from "./bundle.mjs";

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const emoji = await readFile(pathOf("../../www/public/emoji.sage"));
const lines = (await readFile(pathOf("../fixtures/emoji-actions.jsonl"), "utf8"))
  .trim()
  .split("\n");
const actions = lines.map((line) => JSON.parse(line));
const now = Date.parse("2026-01-31T00:00:00Z");

let bundledCode;
let miniflare;
before(
  async () => {
    const bundled = await bundle(pathOf("worker.mjs"));
    bundledCode = bundled.code;
    miniflare = new Miniflare({
      modules: bundled.modules,
      dataBlobBindings: { EMOJI: emoji },
      compatibilityDate: "2026-04-01",
      host: "127.0.0.1",
      port: 0,
      cf: false,
    });
    await miniflare.ready;
  },
  { timeout: 60_000 },
);
after(() => miniflare?.dispose());

/** Runs a job of worker.mjs and returns its result. */
async function runJob(job, args = {}) {
  const response = await miniflare.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify({ job, ...args }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

test("synchronous functions throw `not-ready` before init() and work after it", {
  timeout: 30_000,
}, async () => {
  // The first request of this instance, which loads nothing at module scope.
  assert.deepEqual(await runJob("clusterBeforeAndAfterInit"), {
    before: "not-ready",
    labels: [0, 0, 1],
  });
});

test("workerd refuses to compile wasm from bytes, so the bundle needs a module", {
  timeout: 30_000,
}, async () => {
  const empty = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const { refused, message } = await runJob("compileBytes", { bytes: empty });
  assert.ok(refused);
  assert.match(message, /code generation|disallowed/i);
});

test("record, profile and recommend give the same bits as in Node", {
  timeout: 30_000,
}, async () => {
  const inWorker = await runJob("recommend", { actions, now, options: { count: 20 } });
  const catalogue = await Catalogue.fromBytes(new Uint8Array(emoji));
  const sage = await openSage({ catalogue, now: () => now });
  await sage.record(actions);
  const { interests } = await sage.profile();
  const inNode = {
    size: catalogue.size,
    interests,
    recommendations: await sage.recommend({ count: 20 }),
    outbound: 0,
  };
  assert.deepEqual(inWorker, JSON.parse(JSON.stringify(inNode)));
  assert.ok(inWorker.interests.length >= 3);
  assert.equal(inWorker.recommendations.length, 20);
});

test("buildProfile gives the same bits as in Node", {
  timeout: 30_000,
}, async () => {
  const vectorOf = (row) =>
    Array.from({ length: 7 }, (_, i) => Math.fround(Math.sin(row * row + i)));
  const own = actions.map(({ item, at }, row) => ({ item, at, vector: vectorOf(row) }));
  const options = { dim: 7, now, cut: { count: 5 }, halfLifeDays: 10 };
  await init();
  const inNode = buildProfile(
    own.map((action) => ({ ...action, vector: Float32Array.from(action.vector) })),
    options,
  );
  assert.equal(inNode.interests.length, 5);
  const inWorker = await runJob("profile", { actions: own, options });
  assert.deepEqual(
    inWorker,
    inNode.interests.map((interest) => ({ ...interest, vector: [...interest.vector] })),
  );
});

test("20 concurrent requests share one instance of the wasm", { timeout: 60_000 }, async () => {
  const results = await Promise.all(
    Array.from({ length: 20 }, () =>
      runJob("recommend", { actions, now, options: { pick: { seed: 7 } } }),
    ),
  );
  for (const result of results) assert.deepEqual(result, results[0]);
});

test("an error in the Worker has its code and message", { timeout: 30_000 }, async () => {
  const { code, message } = await runJob("invalidOption");
  assert.equal(code, "option");
  assert.match(message, /counts/);
});

test("the only import of the bundle is the wasm module", () => {
  const imported = [...bundledCode.matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
  assert.deepEqual(imported, ["./core_bg.wasm"]);
});
