// The soak in one Node process, started by scripts/soak.mjs: hundreds of users with sages that are
// opened, used, dropped and closed at random, and crashes of the core. Sends its figures to the
// parent every second, and ends with them.
//   node tests/soak/node.mjs SECONDS USERS SEED
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildProfile, Catalogue, openSage } from "pocketsage";
import loadCore, { CoreCatalogue } from "../../pkg/wasm/core.js";
import { trapNext } from "../js/traps.mjs";
import { actionOf, DIM, ITEMS, MAX_ACTIONS, random, summary, vectorOf } from "./data.mjs";

const [seconds, users, seed] = process.argv.slice(2).map(Number);
const MIB = 2 ** 20;
const START = Date.parse("2025-01-01T00:00:00Z");
const now = () => START + 365 * 86_400_000;
const next = random(seed);
const below = (limit) => Math.floor(next() * limit);

const folder = await mkdtemp(join(tmpdir(), "pocketsage-soak-"));
const catalogue = await Catalogue.from(
  Array.from({ length: ITEMS }, (_, item) => [`item-${item}`, vectorOf(item)]),
  { dim: DIM },
);
const retriever = async (queries) =>
  catalogue
    .searchMany(
      queries.map(({ vector }) => vector),
      { count: 40 },
    )
    .map((hits) => hits.map(({ item, score }) => ({ item, score })));

/** A store of one file, which counts its loads. */
function fileStore(user) {
  const path = join(folder, `${user}`);
  const store = {
    loads: 0,
    load: async () => {
      store.loads += 1;
      return existsSync(path) ? new Uint8Array(await readFile(path)) : undefined;
    },
    save: (bytes) => writeFile(path, bytes),
    clear: () => rm(path, { force: true }),
  };
  return store;
}

const stores = Array.from({ length: users }, (_, user) => fileStore(user));
/** The open sage of each user, and how many actions they have recorded. */
const sages = new Map();
const recorded = new Array(users).fill(0);
const counts = { record: 0, profile: 0, recommend: 0, drop: 0, close: 0, crash: 0, memory: 0 };
const restored = [];
const resident = [];
let peakRss = 0;
let checked = 0;

async function sageOf(user) {
  if (!sages.has(user)) {
    const store = stores[user];
    sages.set(user, await openSage({ dim: DIM, store, retriever, maxActions: MAX_ACTIONS, now }));
  }
  return sages.get(user);
}

/** The expected interests: those of the newest actions, computed from the start. */
function expectedInterests(user) {
  const count = Math.min(recorded[user], MAX_ACTIONS);
  const first = recorded[user] - count;
  const actions = Array.from({ length: count }, (_, index) => actionOf(user, first + index, START));
  return buildProfile(actions, { dim: DIM, now: now() }).interests;
}

const operations = {
  async record(user) {
    const count = recorded[user] === 0 ? MAX_ACTIONS : 1 + below(20);
    const first = recorded[user];
    const sage = await sageOf(user);
    await sage.record(
      Array.from({ length: count }, (_, index) => actionOf(user, first + index, START)),
    );
    recorded[user] += count;
  },
  async profile(user) {
    const sage = await sageOf(user);
    const { loads } = stores[user];
    const start = performance.now();
    const profile = await sage.profile();
    const times = stores[user].loads > loads ? restored : resident;
    if (recorded[user] > 0) times.push(performance.now() - start);
    assert.equal(profile.actions, Math.min(recorded[user], MAX_ACTIONS));
    if (below(20) > 0) return;
    assert.deepEqual(profile.interests, expectedInterests(user));
    checked += 1;
  },
  async recommend(user) {
    const sage = await sageOf(user);
    const { length } = await sage.recommend({ count: 10 });
    assert.equal(length, recorded[user] > 0 ? 10 : 0);
  },
  async drop(user) {
    sages.delete(user);
  },
  async close(user) {
    await sages.get(user)?.close();
    sages.delete(user);
  },
  async crash() {
    trapNext(CoreCatalogue.prototype, "search");
    assert.throws(() => catalogue.search(vectorOf(0)), { code: "crashed" });
  },
  /** Uses up the address space. */
  async memory() {
    const { memory } = await loadCore();
    memory.grow(65_536 - memory.buffer.byteLength / 65_536);
    assert.throws(() => catalogue.searchMany(new Array(4000).fill(vectorOf(0))), {
      code: "memory",
    });
  },
};

/** Operations in proportion to how often they happen. */
const choices = Object.entries({
  record: 30,
  profile: 30,
  recommend: 25,
  drop: 8,
  close: 6,
  crash: 0.4,
  memory: 0.1,
});
const totalShare = choices.reduce((sum, [, share]) => sum + share, 0);

function choose() {
  let left = next() * totalShare;
  return (choices.find(([, share]) => (left -= share) < 0) ?? choices[0])[0];
}

// The first use of everything is not growth.
for (const name of ["record", "profile", "recommend", "close"]) await operations[name](0);
const baseRss = process.memoryUsage.rss();

async function figures() {
  const { memory } = await loadCore();
  return {
    growth: (process.memoryUsage.rss() - baseRss) / MIB,
    peak: (peakRss - baseRss) / MIB,
    wasm: memory.buffer.byteLength / MIB,
    users: recorded.filter((count) => count > 0).length,
    open: sages.size,
    counts,
    checked,
    restored: { count: restored.length, ms: summary(restored) },
    resident: { count: resident.length, ms: summary(resident) },
  };
}

const end = performance.now() + seconds * 1000;
let nextReport = 0;
try {
  while (performance.now() < end) {
    const name = choose();
    counts[name] += 1;
    await operations[name](below(users));
    peakRss = Math.max(peakRss, process.memoryUsage.rss());
    if (performance.now() < nextReport) continue;
    nextReport = performance.now() + 1000;
    process.send?.(await figures());
  }
  process.send?.(await figures());
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.disconnect?.();
