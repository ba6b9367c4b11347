// The soak in workerd, started by scripts/soak.mjs: the Worker of edge/ with hundreds of full users
// in one isolate, called at random. Sends its figures to the parent.
//   node tests/soak/edge.mjs SECONDS USERS SEED
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalogue, openSage } from "pocketsage";
import { mint, startWorker } from "../edge/worker.mjs";
import { DIM, ITEMS, itemOf, MAX_ACTIONS, random, summary, vectorOf } from "./data.mjs";

const [seconds, users, seed] = process.argv.slice(2).map(Number);
const MIB = 2 ** 20;
/** Histories of the users, each that of several. */
const HISTORIES = 20;
const EMPTY_USERS = 100;
/** The runtime keeps an idle object for ten seconds. */
const OBJECT_LIFETIME_MS = 12_000;
const next = random(seed);
const below = (limit) => Math.floor(next() * limit);

const catalogue = await Catalogue.from(
  Array.from({ length: ITEMS }, (_, item) => [`item-${item}`, vectorOf(item)]),
  { dim: DIM },
);
const folder = await mkdtemp(join(tmpdir(), "pocketsage-soak-"));
let worker;
const start = async () => {
  worker = await startWorker({
    catalogue: catalogue.toBytes(),
    bindings: { DIM: String(DIM), ENGINE: "catalogue", ENGINE_OPTIONS: "{}" },
    durableObjectsPersist: folder,
  });
};

/** Calls the Worker: GET, POST with `json`, or PUT with `bytes`. */
async function call(user, path, { json, bytes } = {}) {
  const type = json ? "application/json" : "application/octet-stream";
  const reply = await fetch(new URL(path, worker.url), {
    method: json ? "POST" : bytes ? "PUT" : "GET",
    headers: {
      authorization: `Bearer ${await mint({ sub: user })}`,
      ...((json || bytes) && { "content-type": type }),
    },
    ...((json || bytes) && { body: json ? JSON.stringify(json) : bytes }),
  });
  const text = await reply.text();
  assert.ok(reply.ok, `${reply.status} ${text}`);
  return JSON.parse(text);
}

/** A full history with its vectors, as `GET /v1/export` returns it. */
async function historyOf(user) {
  const sage = await openSage({ dim: DIM, maxActions: MAX_ACTIONS });
  const start = Date.now() - MAX_ACTIONS;
  await sage.record(
    Array.from({ length: MAX_ACTIONS }, (_, index) => {
      const item = itemOf(user, index);
      return { item: `item-${item}`, at: start + index, vector: vectorOf(item) };
    }),
  );
  const bytes = await sage.export();
  await sage.close();
  return bytes;
}

/** Resident bytes of the workerd process, a child of this one. */
async function rss() {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    if (status.includes(`PPid:\t${process.pid}\n`) && /^Name:\s+workerd/m.test(status))
      return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }
  throw new Error("found no workerd process");
}

const full = [];
try {
  await start();
  const histories = [];
  for (let user = 0; user < HISTORIES; user += 1) histories.push(await historyOf(user));
  // Half of the time fills histories; then a new process reads them.
  const filled = performance.now() + seconds * 500;
  while (full.length < users && performance.now() < filled) {
    const bytes = histories[full.length % HISTORIES];
    const { actions } = await call(`user-${full.length}`, "/v1/import", { bytes });
    assert.equal(actions, MAX_ACTIONS);
    full.push(full.length);
  }
  await worker.stop();
  await start();

  await call("warm", "/v1/actions", { json: { actions: [{ item: "item-1" }] } });
  await call("warm", "/v1/recommendations");
  const beforeEmpty = await rss();
  for (let user = 0; user < EMPTY_USERS; user += 1) await call(`empty-${user}`, "/v1/profile");
  const base = await rss();
  /** Bytes of an object without a history: its SQLite database, above all. */
  const bytesPerObject = (base - beforeEmpty) / EMPTY_USERS;
  await new Promise((resolve) => setTimeout(resolve, OBJECT_LIFETIME_MS));

  const lastCalls = new Map();
  const times = [];
  let [peak, objects] = [base, 0];
  const end = performance.now() + seconds * 500;
  let nextReport = 0;
  const report = () =>
    process.send?.({
      peak: (peak - base) / MIB,
      objects,
      perObject: bytesPerObject / MIB,
      users: full.length,
      calls: times.length,
      ms: summary(times),
    });
  while (performance.now() < end) {
    const user = full[below(full.length)];
    const begun = performance.now();
    const kind = next();
    if (kind < 0.1)
      await call(`user-${user}`, "/v1/actions", {
        json: { actions: [{ item: `item-${itemOf(user, times.length)}` }] },
      });
    else if (kind < 0.5) {
      const { actions } = await call(`user-${user}`, "/v1/profile");
      assert.equal(actions, MAX_ACTIONS);
    } else {
      const { recommendations } = await call(`user-${user}`, "/v1/recommendations?count=10");
      assert.equal(recommendations.length, 10);
    }
    times.push(performance.now() - begun);
    lastCalls.set(user, performance.now());
    for (const [one, at] of lastCalls)
      if (at < performance.now() - OBJECT_LIFETIME_MS) lastCalls.delete(one);
    objects = Math.max(objects, lastCalls.size);
    peak = Math.max(peak, await rss());
    if (performance.now() < nextReport) continue;
    nextReport = performance.now() + 1000;
    report();
  }
  report();
} finally {
  await worker?.stop();
  await rm(folder, { recursive: true, force: true });
}
process.disconnect?.();
