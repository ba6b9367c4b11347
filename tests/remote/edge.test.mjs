// The Worker in workerd with real engines: its profiles equal those that the package computes in
// Node, and its answers are the engine's exact neighbours.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { buildProfile, init } from "pocketsage";
import { jsonOf } from "../edge/fixture.mjs";
import { bundle, mint, startWorker } from "../edge/worker.mjs";
import { profileHash } from "../golden/profile-hash.mjs";
import { mixture as goldenMixture, streams } from "../golden/sets.mjs";
import { DIM, exactNeighbours, makeItems } from "./items.mjs";
import { startChroma } from "./servers/chroma.mjs";
import { startPostgres } from "./servers/postgres.mjs";

const NOW = Date.UTC(2026, 0, 15);
const items = makeItems();
const workers = {};
const servers = [];
before(
  async () => {
    await Promise.all([init(), bundle()]);
    const [chroma, postgres] = await Promise.all([startChroma(), startPostgres()]);
    servers.push(chroma, postgres);
    const { collection } = await chroma.load(items, DIM);
    const { table } = await postgres.load(items, DIM);
    const dim = String(DIM);
    workers.chroma = await startWorker({
      bindings: {
        DIM: dim,
        ENGINE: "chroma",
        ENGINE_OPTIONS: JSON.stringify({ url: chroma.url, collection }),
      },
    });
    workers.pgvector = await startWorker({
      bindings: {
        DIM: dim,
        ENGINE: "pgvector",
        ENGINE_OPTIONS: JSON.stringify({ table }),
        ENGINE_KEY: postgres.url,
      },
    });
  },
  { timeout: 120_000 },
);
after(async () => {
  for (const worker of Object.values(workers)) await worker.stop();
  for (const server of servers) await server.stop();
});

for (const engine of ["chroma", "pgvector"]) {
  test(`${engine}: actions by id give the package's profile, and recommendations`, async () => {
    const worker = workers[engine];
    const rows = [0, 40, 80, 3, 43, 83, 123, 7, 47];
    const actions = rows.map((row, index) => ({ item: items[row].id, at: NOW + index * 1000 }));
    await jsonOf(await worker.request("/v1/actions", { json: { actions } }), 201);
    const profile = await jsonOf(await worker.request("/v1/profile?vectors=1"));
    const own = buildProfile(
      actions.map((action, index) => ({ ...action, vector: items[rows[index]].vector })),
      { dim: DIM, now: profile.builtAt },
    );
    assert.deepEqual(
      profile.interests.map(({ medoid, items: members }) => [medoid, members]),
      own.interests.map(({ medoid, items: members }) => [medoid, members]),
    );
    profile.interests.forEach(({ importance }, index) =>
      assert.ok(Math.abs(importance - own.interests[index].importance) < 1e-9),
    );
    const { recommendations } = await jsonOf(await worker.request("/v1/recommendations?count=12"));
    assert.equal(recommendations.length, 12);
    const groupOf = (item) => Number(item.slice(5)) % 40;
    const right = recommendations.filter(
      ({ item, because }) => groupOf(item) === groupOf(because.medoid),
    ).length;
    assert.ok(right >= 11, `${right} of 12 are of the group of their medoid`);
    assert.ok(recommendations.every(({ item }) => !actions.some((action) => action.item === item)));
  });

  test(`${engine}: /v1/retrieve answers from the engine, then from the cache`, async () => {
    const worker = workers[engine];
    const json = {
      count: 50,
      medoids: [
        { item: items[500].id },
        { item: "unknown-item" },
        { vector: Array.from(items[501].vector) },
      ],
    };
    const token = await mint();
    const [first, second] = [
      await jsonOf(await worker.request("/v1/retrieve", { token, json })),
      await jsonOf(await worker.request("/v1/retrieve", { token, json })),
    ];
    assert.deepEqual(
      first.answers.map(({ status }) => status),
      ["ok", "not-found", "ok"],
    );
    const expectedItems = new Set(
      exactNeighbours(items, items[500].vector, 50, items[500].id).map(({ item }) => item),
    );
    assert.ok(first.answers[0].hits.filter(({ item }) => expectedItems.has(item)).length >= 49);
    assert.deepEqual(
      second.answers.map(({ via }) => via),
      ["cache", undefined, "engine"],
    );
    assert.deepEqual(second.answers[0].hits, first.answers[0].hits);
  });
}

test("a query with one item's id and another's vector does not poison the cache", async () => {
  // Chroma is queried by vector if there is one. Cached by item id, the forged answer would be
  // returned to all users.
  const token = await mint();
  const [item, foreign] = [items[700], items[711]];
  const ask = async (medoid) =>
    (
      await jsonOf(
        await workers.chroma.request("/v1/retrieve", {
          token,
          json: { count: 20, medoids: [medoid] },
        }),
      )
    ).answers[0];
  const forged = await ask({ item: item.id, vector: Array.from(foreign.vector) });
  const honest = await ask({ item: item.id });
  const countNear = ({ hits }, to) =>
    hits.filter(({ item: hit }) =>
      exactNeighbours(items, to.vector, 21, to.id).some(({ item: each }) => each === hit),
    ).length;
  assert.ok(countNear(forged, foreign) >= 18, "the forged query is answered by its vector");
  assert.equal(honest.via, "engine");
  assert.ok(
    countNear(honest, item) >= 19,
    `${countNear(honest, item)} of 20 are the item's own neighbours`,
  );
});

test("the profile of the golden actions has the golden hash", async () => {
  const golden = JSON.parse(
    await readFile(new URL("../golden/profile.json", import.meta.url), "utf8"),
  );
  // The Worker uses the current time, so its importances differ from the golden ones; medoids and
  // members do not.
  const { n, dim, centres, seed, seconds, now } = golden;
  const worker = await startWorker({ bindings: { DIM: String(dim) } });
  try {
    const [number, choice] = streams(seed);
    const values = goldenMixture(n, dim, centres, number, choice);
    const actions = Array.from({ length: n }, (_, row) => ({
      item: String(row),
      vector: Array.from(values.subarray(row * dim, (row + 1) * dim)),
      weight: [0.5, 1, 2, 3][choice() % 4],
      at: now - 1000 * (choice() % seconds),
    }));
    for (let from = 0; from < n; from += 100) {
      await jsonOf(
        await worker.request("/v1/actions", {
          user: "golden",
          json: { actions: actions.slice(from, from + 100) },
        }),
        201,
      );
    }
    const profile = await jsonOf(await worker.request("/v1/profile", { user: "golden" }));
    // profileHash computes a profile at the golden time. Compare the Worker's profile with the
    // package's at the Worker's time, and then hash the golden one.
    const comparing = {
      buildProfile: (given, options) => {
        const own = buildProfile(given, {
          ...options,
          now: profile.builtAt,
          halfLifeDays: undefined,
          lambda: 0.01,
        });
        assert.deepEqual(
          profile.interests.map(({ medoid, items: all, importance }) => [medoid, all, importance]),
          own.interests.map(({ medoid, items: all, importance }) => [medoid, all, importance]),
        );
        return buildProfile(given, options);
      },
    };
    const { cluster } = await import("pocketsage");
    assert.deepEqual(profileHash({ ...comparing, cluster }, golden), {
      interests: golden.interests,
      crc32: golden.crc32,
    });
  } finally {
    await worker.stop();
  }
});
