// The Worker in workerd under load, with a real Chroma server that is killed and restarted. Items
// are Zipf-distributed, as in real traffic.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import autocannon from "autocannon";
import { Catalogue } from "pocketsage";
import { freePort } from "../../scripts/lib/http.mjs";
import { bundle, mint, startWorker } from "../edge/worker.mjs";
import { DIM, makeItems } from "./items.mjs";
import { startChroma } from "./servers/chroma.mjs";
import { memoryOf } from "./usage.mjs";

const SECONDS = 18; // the server is killed after a third and restarted after two thirds
const items = makeItems();
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

for (const hasCatalogue of [true, false]) {
  test(`load and outage ${hasCatalogue ? "with" : "without"} a local catalogue as the fallback`, {
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
      ...(hasCatalogue ? { catalogue } : {}),
    });
    t.after(() => worker.stop());
    const token = await mint();
    const nextRow = zipf(items.length, 1.1, 7);
    const start = Date.now();
    const responses = [];
    setTimeout(() => chroma.kill(), (SECONDS / 3) * 1000);
    const restarted = new Promise((resolve, reject) => {
      setTimeout(() => chroma.restart().then(resolve, reject), ((2 * SECONDS) / 3) * 1000);
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
              medoids: [nextRow(), nextRow(), nextRow()].map((row) => ({ item: items[row].id })),
            }),
          }),
        },
      ],
    });
    load.on("response", (_, status, __, milliseconds) =>
      responses.push({ at: Date.now() - start, status, milliseconds }),
    );
    const result = await load;
    await restarted;

    const lines = worker
      .log()
      .split("\n")
      .filter((line) => line.includes("/v1/retrieve"))
      .map((line) => JSON.parse(line));
    const sum = (key) => lines.reduce((total, line) => total + (line[key] ?? 0), 0);
    const medoids = sum("medoids");
    const failed = responses.filter(({ status }) => status !== 200);
    const memory = await memoryOf(inspectorPort);
    const hitRate = (100 * (sum("cache") + sum("stale"))) / medoids;
    const share = (key) => `${key} ${((100 * sum(key)) / medoids).toFixed(0)} %`;
    const sources = ["engine", "cache", "stale", "local", "error"].map(share).join(", ");
    console.log(
      `${hasCatalogue ? "with" : "without"} catalogue: ${responses.length} requests, ` +
        `p50 ${result.latency.p50} ms, p99 ${result.latency.p99} ms, ` +
        `longest ${result.latency.max} ms; ${failed.length} failed; ` +
        `hit rate of the cache ${hitRate.toFixed(0)} % (${sources}); ` +
        `${memory.toFixed(0)} MB of memory`,
    );
    assert.ok(memory < 128, "Cloudflare limits a Worker to 128 MB");
    assert.equal(result.errors + result.timeouts, 0, "every request has a reply");
    assert.ok(responses.length > SECONDS * 50, `${responses.length} requests`);
    assert.ok(sum("engine") > 0 && sum("cache") > 0 && sum("stale") > 0);
    assert.ok(
      Math.max(...responses.map(({ milliseconds }) => milliseconds)) < 5000,
      "within the deadline",
    );
    if (hasCatalogue) {
      assert.deepEqual(failed, [], "with a fallback no request fails");
      assert.ok(sum("local") > 0);
    } else {
      assert.ok(failed.every(({ status }) => [502, 503, 504].includes(status)));
      assert.ok(
        lines.every(
          ({ status, reason }) =>
            status === 200 || ["network", "open", "timeout", "deadline"].includes(reason),
        ),
        "every failure has a reason",
      );
    }
    // After the outage the breaker admits a trial request, and answers come from the engine again.
    const later = [];
    for (let attempt = 0; attempt < 20 && later.at(-1) !== "engine"; attempt += 1) {
      const reply = await worker.request("/v1/retrieve", {
        token,
        json: { count: 7, medoids: [{ item: items[1234 + attempt].id }] },
      });
      later.push((await reply.json()).answers?.[0].via);
      if (later.at(-1) !== "engine") await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.equal(later.at(-1), "engine", `${later}`);
  });
}

/** A seeded generator of rows 0..count; the probability of row k is as (k + 1)^-exponent. */
function zipf(count, exponent, seed) {
  const cumulative = [];
  for (let rank = 1, sum = 0; rank <= count; rank += 1) cumulative.push((sum += rank ** -exponent));
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const at = (state / 2 ** 32) * cumulative.at(-1);
    return cumulative.findIndex((sum) => sum >= at);
  };
}
