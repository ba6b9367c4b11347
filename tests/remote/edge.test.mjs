// The Worker in workerd with real engines behind it: the same actions, the same profile as the package computes, the engine's own neighbours.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { buildProfile, init } from "pocketsage";
import { streams, mixture as goldenMixture } from "../golden/sets.mjs";
import { profileHash } from "../golden/profile-hash.mjs";
import { bundle, mint, startWorker } from "../edge/worker.mjs";
import { startChroma } from "./servers/chroma.mjs";
import { startPostgres } from "./servers/postgres.mjs";
import { DIM, exact, worldOf } from "./world.mjs";

const NOW = Date.UTC(2026, 0, 15);
const items = worldOf();
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

async function said(reply, status = 200) {
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  return JSON.parse(text);
}

for (const engine of ["chroma", "pgvector"]) {
  test(`${engine}: items in by id alone, recommendations out, the profile that of the package here`, async () => {
    const worker = workers[engine];
    const rows = [0, 40, 80, 3, 43, 83, 123, 7, 47];
    const actions = rows.map((row, index) => ({ item: items[row].id, at: NOW + index * 1000 }));
    await said(await worker.ask("/v1/actions", { json: { actions } }), 201);
    const profile = await said(await worker.ask("/v1/profile?vectors=1"));
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
    const { recommendations } = await said(await worker.ask("/v1/recommendations?count=12"));
    assert.equal(recommendations.length, 12);
    const groupOf = (item) => Number(item.slice(5)) % 40;
    const right = recommendations.filter(
      ({ item, because }) => groupOf(item) === groupOf(because.medoid),
    ).length;
    assert.ok(right >= 11, `${right} of 12 are of the group of their medoid`);
    assert.ok(recommendations.every(({ item }) => !actions.some((action) => action.item === item)));
  });

  test(`${engine}: retrieve answers as the engine, then from the cache`, async () => {
    const worker = workers[engine];
    const json = {
      count: 50,
      medoids: [
        { item: items[500].id },
        { item: "nobody-knows" },
        { vector: Array.from(items[501].vector) },
      ],
    };
    const token = await mint();
    const [first, second] = [
      await said(await worker.ask("/v1/retrieve", { token, json })),
      await said(await worker.ask("/v1/retrieve", { token, json })),
    ];
    assert.deepEqual(
      first.answers.map(({ status }) => status),
      ["ok", "not-found", "ok"],
    );
    const wanted = new Set(
      exact(items, items[500].vector, 50, items[500].id).map(({ item }) => item),
    );
    assert.ok(first.answers[0].hits.filter(({ item }) => wanted.has(item)).length >= 49);
    assert.deepEqual(
      second.answers.map(({ via }) => via),
      ["cache", undefined, "engine"],
    );
    assert.deepEqual(second.answers[0].hits, first.answers[0].hits);
  });
}

test("a known item with a foreign vector changes nobody else's answer", async () => {
  // Chroma is asked by the vector where there is one: kept under the item's name, the answer would be everybody's.
  const token = await mint();
  const [item, foreign] = [items[700], items[711]];
  const ask = async (medoid) =>
    (
      await said(
        await workers.chroma.ask("/v1/retrieve", { token, json: { count: 20, medoids: [medoid] } }),
      )
    ).answers[0];
  const forged = await ask({ item: item.id, vector: Array.from(foreign.vector) });
  const honest = await ask({ item: item.id });
  const near = ({ hits }, to) =>
    hits.filter(({ item: hit }) =>
      exact(items, to.vector, 21, to.id).some(({ item: each }) => each === hit),
    ).length;
  assert.ok(near(forged, foreign) >= 18, "the forger gets what was asked for");
  assert.equal(honest.via, "engine");
  assert.ok(near(honest, item) >= 19, `${near(honest, item)} of 20 are the item's own neighbours`);
});

test("the golden profile comes out of the Durable Object as out of a browser", async () => {
  const golden = JSON.parse(
    await readFile(new URL("../golden/profile.json", import.meta.url), "utf8"),
  );
  // The Worker's clock is the wall, so importances are those of now; labels and medoids are the golden ones.
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
      await said(
        await worker.ask("/v1/actions", {
          user: "golden",
          json: { actions: actions.slice(from, from + 100) },
        }),
        201,
      );
    }
    const profile = await said(await worker.ask("/v1/profile", { user: "golden" }));
    // profileHash asks for a profile at the golden time; the taste's importances are brought there by the package's own.
    const from = {
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
    assert.deepEqual(profileHash({ ...from, cluster }, golden), {
      interests: golden.interests,
      crc32: golden.crc32,
    });
  } finally {
    await worker.stop();
  }
});
