// The Worker in workerd under load, with a real Chroma that is killed in the middle and brought back. Medoids come as people's do: few of them often.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import autocannon from "autocannon";
import { Catalogue } from "pocketsage";
import { bundle, mint, startWorker } from "../edge/worker.mjs";
import { startChroma } from "./servers/chroma.mjs";
import { freePort } from "./servers/process.mjs";
import { memoryOf } from "./usage.mjs";
import { DIM, worldOf } from "./world.mjs";

const SECONDS = 18; // killed after a third, back after two thirds
const items = worldOf();
let chroma;
let collection;
let catalogue;
before(
  async () => {
    await bundle();
    chroma = await startChroma();
    ({ collection } = await chroma.load(items, DIM));
    const local = await Catalogue.from(
      items.map(({ id, vector }) => [id, vector]),
      { dim: DIM, precision: "compact" },
    );
    catalogue = local.toBytes();
    local.close();
  },
  { timeout: 120_000 },
);
after(() => chroma?.stop());

for (const kept of [true, false]) {
  test(`${kept ? "with" : "without"} a local catalogue to fall back on`, {
    timeout: 120_000,
  }, async (t) => {
    const inspectorPort = await freePort();
    const worker = await startWorker({
      inspectorPort,
      bindings: {
        DIM: String(DIM),
        ENGINE: "chroma",
        ENGINE_OPTIONS: JSON.stringify({ url: chroma.url, collection }),
        FRESH_SECONDS: "2",
      },
      ...(kept ? { catalogue } : {}),
    });
    t.after(() => worker.stop());
    const token = await mint();
    const next = zipf(items.length, 1.1, 7);
    const begun = Date.now();
    const responses = [];
    const outage = {};
    setTimeout(() => ((outage.from = Date.now() - begun), chroma.kill()), (SECONDS / 3) * 1000);
    const back = new Promise((resolve, reject) => {
      setTimeout(
        () =>
          chroma
            .restart()
            .then(() => (outage.to = Date.now() - begun), reject)
            .then(resolve, reject),
        ((2 * SECONDS) / 3) * 1000,
      );
    });
    const load = autocannon({
      url: String(worker.url),
      connections: 12,
      duration: SECONDS,
      timeout: 20,
      overallRate: 150,
      requests: [
        {
          method: "POST",
          path: "/v1/retrieve",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          setupRequest: (request) => ({
            ...request,
            body: JSON.stringify({
              count: 50,
              medoids: [next(), next(), next()].map((row) => ({ item: items[row].id })),
            }),
          }),
        },
      ],
    });
    load.on("response", (_, status, __, milliseconds) =>
      responses.push({ at: Date.now() - begun, status, milliseconds }),
    );
    const result = await load;
    await back;

    const lines = worker
      .logged()
      .split("\n")
      .filter((line) => line.includes("/v1/retrieve"))
      .map((line) => JSON.parse(line));
    const sum = (key) => lines.reduce((total, line) => total + (line[key] ?? 0), 0);
    const medoids = sum("medoids");
    const failed = responses.filter(({ status }) => status !== 200);
    const memory = await memoryOf(inspectorPort);
    const share = (key) => `${key} ${((100 * sum(key)) / medoids).toFixed(0)} %`;
    console.log(
      `${kept ? "with" : "without"} catalogue: ${responses.length} requests, p50 ${result.latency.p50} ms, p99 ${result.latency.p99} ms, longest ${result.latency.max} ms; ` +
        `${failed.length} failed; hit rate of the cache ${((100 * (sum("cache") + sum("stale"))) / medoids).toFixed(0)} % (${["engine", "cache", "stale", "local", "error"].map(share).join(", ")}); the Worker holds ${memory.toFixed(0)} MB`,
    );
    assert.ok(memory < 128, "what Cloudflare gives a Worker");
    assert.equal(result.errors + result.timeouts, 0, "every request was answered");
    assert.ok(responses.length > SECONDS * 50, `${responses.length} requests`);
    assert.ok(sum("engine") > 0 && sum("cache") > 0 && sum("stale") > 0);
    assert.ok(
      Math.max(...responses.map(({ milliseconds }) => milliseconds)) < 5000,
      "within the deadline",
    );
    if (kept) {
      assert.deepEqual(failed, [], "no request failed while something could answer");
      assert.ok(sum("local") > 0);
    } else {
      assert.ok(failed.every(({ status }) => [502, 503, 504].includes(status)));
      assert.ok(
        lines.every(
          ({ status, reason }) =>
            status === 200 || ["network", "open", "timeout", "deadline"].includes(reason),
        ),
        "each with a reason",
      );
    }
    // It recovers by itself: the breaker lets one try through, and the engine is asked again.
    const via = [];
    for (let turn = 0; turn < 20 && via.at(-1) !== "engine"; turn += 1) {
      const reply = await worker.ask("/v1/retrieve", {
        token,
        json: { count: 7, medoids: [{ item: items[1234 + turn].id }] },
      });
      via.push((await reply.json()).answers?.[0].via);
      if (via.at(-1) !== "engine") await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.equal(via.at(-1), "engine", `${via}`);
  });
}

/** Rows as people choose items: the k-th most popular in proportion to 1 / k^exponent. */
function zipf(count, exponent, seed) {
  const ends = [];
  for (let rank = 1, sum = 0; rank <= count; rank += 1) ends.push((sum += rank ** -exponent));
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const at = (state / 2 ** 32) * ends.at(-1);
    return ends.findIndex((end) => end >= at);
  };
}
