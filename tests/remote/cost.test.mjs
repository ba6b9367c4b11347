// What the Worker costs: bytes to upload, CPU to start, and CPU of a request, with a real Chroma behind it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { init } from "pocketsage";
import { encodeMedoids } from "pocketsage/remote";
import { Miniflare } from "miniflare";
import { bundle, mint, startWorker } from "../edge/worker.mjs";
import { startChroma } from "./servers/chroma.mjs";
import { cpuOf, workerdOf } from "./usage.mjs";
import { DIM, worldOf } from "./world.mjs";

const ROUNDS = 25;
const NOW = Date.UTC(2026, 0, 15);
const items = worldOf();
let chroma;
let worker;
before(
  async () => {
    await Promise.all([init(), bundle()]);
    chroma = await startChroma();
    const { collection } = await chroma.load(items, DIM);
    const bindings = {
      DIM: String(DIM),
      ENGINE: "chroma",
      ENGINE_OPTIONS: JSON.stringify({ url: chroma.url, collection }),
      FRESH_SECONDS: "600",
    };
    worker = await startWorker({ bindings });
  },
  { timeout: 120_000 },
);
after(async () => {
  await worker?.stop();
  await chroma?.stop();
});

test("what the bundle weighs, and what starting it takes", { timeout: 60_000 }, async () => {
  const { gzip, modules } = await bundle();
  const empty = [
    {
      type: "ESModule",
      path: "index.js",
      contents: "export default { fetch: () => new Response() }",
    },
  ];
  const start = async (given) => {
    const miniflare = new Miniflare({
      modules: given,
      compatibilityDate: "2026-04-01",
      compatibilityFlags: ["nodejs_compat"],
      cf: false,
      port: 0,
      ...needs(given),
    });
    const { port } = await miniflare.ready;
    await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    const cpu = cpuOf(workerdOf(port));
    await miniflare.dispose();
    return cpu;
  };
  const needs = (given) =>
    given === empty
      ? {}
      : {
          durableObjects: { TASTES: { className: "UserTaste", useSQLite: true } },
          bindings: { TOKEN_KEYS: "{}" },
        };
  const times = { ours: [], empty: [] };
  for (let round = 0; round < 5; round += 1) {
    times.ours.push(await start(modules));
    times.empty.push(await start(empty));
  }
  const cpu = median(times.ours) - median(times.empty);
  console.log(
    `bundle ${(gzip / 1024).toFixed(0)} KB gzipped; to start and answer once takes ${cpu.toFixed(0)} ms CPU more than an empty Worker`,
  );
  assert.ok(gzip < 1 << 20);
  assert.ok(cpu < 1000, "Cloudflare gives a Worker a second to start");
});

test("CPU of a request: a taste of 1,000 actions of 256 numbers", {
  timeout: 120_000,
}, async () => {
  const user = "heavy";
  const pid = workerdOf(worker.url.port);
  const token = await mint({ sub: user, exp: Math.floor(Date.now() / 1000) + 3000 });
  const ok = async (path, options) => {
    const reply = await worker.ask(path, { token, ...options });
    const text = await reply.text();
    assert.ok(reply.ok, text);
    return JSON.parse(text);
  };
  const record = (from, count) =>
    ok("/v1/actions", {
      json: {
        actions: items
          .slice(from % 1000, (from % 1000) + count)
          .map(({ id }, index) => ({ item: id, at: NOW + (from + index) * 1000 })),
      },
    });
  for (let from = 0; from < 1000; from += 100) await record(from, 100);
  const compact = (from) =>
    encodeMedoids(
      Array.from({ length: 5 }, (_, row) => ({
        item: items[(from + row) % items.length].id,
        count: 50,
      })),
      { send: "ids" },
    );
  const vectors = encodeMedoids(
    Array.from({ length: 5 }, (_, row) => ({ vector: items[row].vector, count: 50 })),
  );
  const retrieve = (from) =>
    ok("/v1/retrieve", { body: compact(from), headers: { "content-type": "application/cbor" } });

  const steps = {
    "GET /health": { step: () => ok("/health") },
    "POST /v1/actions, one action": { step: (round) => record(2000 + round, 1) },
    "GET /v1/profile, after an action": {
      first: (round) => record(3000 + round, 1),
      step: () => ok("/v1/profile"),
    },
    "GET /v1/recommendations, nothing new": { step: () => ok("/v1/recommendations") },
    "GET /v1/recommendations, after an action": {
      first: (round) => record(4000 + round, 1),
      step: () => ok("/v1/recommendations"),
    },
    "POST /v1/retrieve, 5 vectors, from the engine (not kept)": {
      step: () =>
        ok("/v1/retrieve", { body: vectors, headers: { "content-type": "application/cbor" } }),
    },
    "POST /v1/retrieve, 5 medoids, from the engine (looked up, and kept)": {
      step: (round) => retrieve(5 * round),
    },
    "POST /v1/retrieve, 5 medoids, from the cache": { step: () => retrieve(0) },
  };
  for (const [name, { first = () => undefined, step }] of Object.entries(steps)) {
    for (let round = 100; round < 130; round += 1) await (await first(round), step(round)); // until the compilers are done
    const times = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await first(round);
      const begun = cpuOf(pid);
      await step(round);
      times.push(cpuOf(pid) - begun);
    }
    // Told, not asserted: it is the machine's time. (Cloudflare's free plan gives a request 10 ms.)
    console.log(
      `CPU ms ${median(times).toFixed(1)}, of a quarter at most ${times[times.length >> 2].toFixed(1)}: ${name}`,
    );
  }
});

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}
