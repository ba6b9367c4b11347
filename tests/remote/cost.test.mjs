// The cost of the Worker: size, start-up CPU, and CPU per request, with a real Chroma server. CPU
// times are printed, not asserted, because they depend on the machine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Miniflare } from "miniflare";
import { init } from "pocketsage";
import { encodeMedoids } from "pocketsage/remote";
import { bundle, DURABLE_OBJECTS, mint, startWorker } from "../edge/worker.mjs";
import { DIM, makeItems } from "./items.mjs";
import { startChroma } from "./servers/chroma.mjs";
import { cpuOf, workerdOf } from "./usage.mjs";

const ROUNDS = 25;
const NOW = Date.UTC(2026, 0, 15);
const items = makeItems();
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

test("size of the bundle and CPU to start it", { timeout: 60_000 }, async () => {
  const { gzip, modules } = await bundle();
  const empty = [
    {
      type: "ESModule",
      path: "index.js",
      contents: "export default { fetch: () => new Response() }",
    },
  ];
  const cpuToStart = async (modules, options = {}) => {
    const miniflare = new Miniflare({
      modules,
      compatibilityDate: "2026-04-01",
      compatibilityFlags: ["nodejs_compat"],
      cf: false,
      port: 0,
      ...options,
    });
    const { port } = await miniflare.ready;
    await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    const cpu = cpuOf(workerdOf(port));
    await miniflare.dispose();
    return cpu;
  };
  const options = { durableObjects: DURABLE_OBJECTS, bindings: { TOKEN_KEYS: "{}" } };
  const times = { ours: [], empty: [] };
  for (let round = 0; round < 5; round += 1) {
    times.ours.push(await cpuToStart(modules, options));
    times.empty.push(await cpuToStart(empty));
  }
  const cpu = median(times.ours) - median(times.empty);
  console.log(
    `bundle ${(gzip / 1024).toFixed(0)} KB gzipped; start and first reply take ` +
      `${cpu.toFixed(0)} ms CPU more than an empty Worker`,
  );
  assert.ok(gzip < 1 << 20);
  assert.ok(cpu < 1000, "Cloudflare limits the start-up to a second");
});

test("CPU per request of a user with 1,000 actions of 256 dimensions", {
  timeout: 120_000,
}, async () => {
  const user = "many-actions";
  const pid = workerdOf(worker.url.port);
  const token = await mint({ sub: user, exp: Math.floor(Date.now() / 1000) + 3000 });
  const requestJson = async (path, options) => {
    const reply = await worker.request(path, { token, ...options });
    const text = await reply.text();
    assert.ok(reply.ok, text);
    return JSON.parse(text);
  };
  const record = (from, count) =>
    requestJson("/v1/actions", {
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
    requestJson("/v1/retrieve", {
      body: compact(from),
      headers: { "content-type": "application/cbor" },
    });

  const steps = {
    "GET /health": { step: () => requestJson("/health") },
    "POST /v1/actions, one action": { step: (round) => record(2000 + round, 1) },
    "GET /v1/profile, after an action": {
      prepare: (round) => record(3000 + round, 1),
      step: () => requestJson("/v1/profile"),
    },
    "GET /v1/recommendations, no change": { step: () => requestJson("/v1/recommendations") },
    "GET /v1/recommendations, after an action": {
      prepare: (round) => record(4000 + round, 1),
      step: () => requestJson("/v1/recommendations"),
    },
    "POST /v1/retrieve, 5 vectors, from the engine (by vector: not cached)": {
      step: () =>
        requestJson("/v1/retrieve", {
          body: vectors,
          headers: { "content-type": "application/cbor" },
        }),
    },
    "POST /v1/retrieve, 5 medoids, from the engine (by id: looked up and cached)": {
      step: (round) => retrieve(5 * round),
    },
    "POST /v1/retrieve, 5 medoids, from the cache": { step: () => retrieve(0) },
  };
  for (const [name, { prepare = () => undefined, step }] of Object.entries(steps)) {
    // Warm-up of the JIT compilers.
    for (let round = 100; round < 130; round += 1) {
      await prepare(round);
      await step(round);
    }
    const times = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await prepare(round);
      const start = cpuOf(pid);
      await step(round);
      times.push(cpuOf(pid) - start);
    }
    // Cloudflare's free plan limits a request to 10 ms.
    console.log(
      `CPU ms ${median(times).toFixed(1)}, ` +
        `lower quartile ${times[times.length >> 2].toFixed(1)}: ${name}`,
    );
  }
});

/** The median; sorts the array. */
function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}
