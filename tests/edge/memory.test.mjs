// Many full users in one isolate: their histories exceed the memory budget, are freed, and are
// restored with the same results while other users are served. `npm run test:soak` measures the
// memory.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Catalogue, openSage } from "pocketsage";
import { seededRandom } from "../../scripts/lib/random.mjs";
import { startWorker } from "./worker.mjs";

const DIM = 256;
const ACTIONS = 1000;
const ITEMS = 1200;
/** Users with a history of 1 MiB each, more than the budget of 16 MiB holds. */
const USERS = 24;
const folder = await mkdtemp(join(tmpdir(), "pocketsage-edge-"));
const next = seededRandom(1);
const vectors = Array.from({ length: ITEMS }, () =>
  Float32Array.from({ length: DIM }, () => next() - 0.5),
);
let worker;
let catalogue;
const start = async () => {
  worker = await startWorker({
    catalogue,
    bindings: { DIM: String(DIM), ENGINE: "catalogue", ENGINE_OPTIONS: "{}" },
    durableObjectsPersist: folder,
  });
};
before(
  async () => {
    const items = vectors.map((vector, item) => [`item-${item}`, vector]);
    const source = await Catalogue.from(items, { dim: DIM });
    catalogue = source.toBytes();
    source.close();
    await start();
  },
  { timeout: 120_000 },
);
after(async () => {
  await worker?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function historyOf(user) {
  const sage = await openSage({ dim: DIM, maxActions: ACTIONS });
  const start = Date.now() - ACTIONS - 1;
  await sage.record(
    Array.from({ length: ACTIONS }, (_, index) => {
      const item = (index * 7 + user * 13) % ITEMS;
      return { item: `item-${item}`, at: start + index, vector: vectors[item] };
    }),
  );
  const bytes = await sage.export();
  await sage.close();
  return bytes;
}

const bytesOf = async (reply) => {
  assert.equal(reply.status, 200);
  return Buffer.from(await reply.arrayBuffer());
};
const profileOf = async (user) => {
  const reply = await worker.request("/v1/profile", { user: `user-${user}` });
  assert.equal(reply.status, 200);
  const { interests } = await reply.json();
  // Importances decay with time.
  return interests.map(({ medoid, items }) => ({ medoid, items }));
};
const exportOf = async (user) =>
  bytesOf(await worker.request("/v1/export", { user: `user-${user}` }));

test("histories beyond the budget are freed, and restored with the same results", async () => {
  const users = Array.from({ length: USERS }, (_, user) => user);
  const expected = [];
  for (const user of users) {
    const body = await historyOf(user);
    const reply = await worker.request("/v1/import", {
      user: `user-${user}`,
      method: "PUT",
      body,
      headers: { "content-type": "application/octet-stream" },
    });
    assert.equal(reply.status, 200);
    expected.push({ profile: await profileOf(user), bytes: await exportOf(user) });
  }
  // Calls of one user run while the budget releases others.
  const round = async () => {
    for (let first = 0; first < USERS; first += 3)
      await Promise.all(
        [0, 1, 2].map(async (offset) => {
          const user = (first * 7 + offset) % USERS;
          assert.deepEqual(await profileOf(user), expected[user].profile);
        }),
      );
  };
  // A new process, whose memory has only what reading takes.
  await worker.stop();
  await start();
  for (let count = 0; count < 3; count += 1) await round();
  for (const user of users) assert.ok((await exportOf(user)).equals(expected[user].bytes));
});
