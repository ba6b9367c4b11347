// The series of the growth bench. Each varies one size and has
//   name, sizes   what grows, and its values, ascending
//   time, memory  the exponents of the theory; memory is undefined if it is not measured
//   prepare(size) resolves to the timed function; `check(result)` throws if an answer is wrong
import assert from "node:assert/strict";
import { Catalogue, init, openSage, ward } from "pocketsage";
import { mixture } from "../data/mixture.mjs";

const DIM = 64;
const ROWS = 1000;
const ITEMS = 10_000;
const HITS = 10;
const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
/** Relative; sums of squares are added in another order. */
const TOLERANCE = 1e-6;

const clustering = (name, sizes, exponents, shapeOf) => ({
  name,
  sizes,
  ...exponents,
  async prepare(size) {
    await init();
    const { n, dim } = shapeOf(size);
    const vectors = mixture(n, dim, { seed: 1 });
    return {
      run: () => ward(vectors, { dim }),
      check: (tree) => assertInertia(tree, vectors, n, dim),
    };
  },
});

const search = (name, sizes, shapeOf) => ({
  name,
  sizes,
  time: 1,
  memory: name.includes("queries") ? undefined : 1,
  async prepare(size) {
    const { items, dim, queries } = shapeOf(size);
    const values = mixture(items + queries, dim, { centreCount: 100, seed: 2 });
    const rows = Array.from({ length: items + queries }, (_, row) =>
      values.subarray(row * dim, (row + 1) * dim),
    );
    const catalogue = await Catalogue.from(
      rows.slice(0, items).map((vector, row) => [String(row), vector]),
      { dim },
    );
    const batch = rows.slice(items);
    return {
      run: () => catalogue.searchMany(batch, { count: HITS, exact: true }),
      check: (lists) => assertNearest(lists[0], batch[0], rows.slice(0, items)),
    };
  },
});

export const series = [
  clustering("tree, rows", [500, 1000, 2000, 4000], { time: 2, memory: 2 }, (n) => ({
    n,
    dim: DIM,
  })),
  clustering("tree without a matrix, rows", [6000, 12_000], { time: 2, memory: 1 }, (n) => ({
    n,
    dim: DIM,
  })),
  clustering("tree, dimensions", [64, 128, 256, 512], { time: 1, memory: 1 }, (dim) => ({
    n: ROWS,
    dim,
  })),
  {
    name: "one action more, actions",
    sizes: [500, 1000, 2000, 4000],
    time: 1,
    memory: 2, // the matrix of the first profile, which clusters all actions
    async prepare(n) {
      const vectors = mixture(n + 200, DIM, { seed: 3 });
      const action = (row) => ({
        item: String(row),
        vector: vectors.slice((row % (n + 200)) * DIM, ((row % (n + 200)) + 1) * DIM),
        at: NOW + row * HOUR,
      });
      let next = n;
      const now = () => NOW + next * HOUR;
      const sage = await openSage({ dim: DIM, now, maxActions: n });
      await sage.record(Array.from({ length: n }, (_, row) => action(row)));
      await sage.profile();
      return {
        // The oldest action leaves when one more comes, so that their number stays.
        run: async () => {
          await sage.record(action(next++));
          return sage.profile();
        },
        check: async (profile) => {
          const fresh = await openSage({ dim: DIM, now, maxActions: n });
          await fresh.import(await sage.export());
          assert.deepEqual((await fresh.profile()).interests, profile.interests);
        },
      };
    },
  },
  search("exact search, items", [5000, 10_000, 20_000, 40_000], (items) => ({
    items,
    dim: DIM,
    queries: 1,
  })),
  search("exact search, dimensions", [64, 128, 256, 512], (dim) => ({
    items: ITEMS,
    dim,
    queries: 1,
  })),
  search("exact search, queries (interests)", [2, 4, 8, 16, 32], (queries) => ({
    items: ITEMS,
    dim: DIM,
    queries,
  })),
];

/** Half the heights of Ward's merges add up to the sum of squared distances to the mean. */
function assertInertia(tree, vectors, n, dim) {
  assert.equal(tree.length, 4 * (n - 1));
  const mean = new Float64Array(dim);
  vectors.forEach((x, index) => (mean[index % dim] += x / n));
  const inertia = vectors.reduce((sum, x, index) => sum + (x - mean[index % dim]) ** 2, 0);
  let halfHeights = 0;
  for (let merge = 0; merge < n - 1; merge += 1) halfHeights += tree[4 * merge + 2] / 2;
  assert.ok(Math.abs(halfHeights - inertia) <= TOLERANCE * inertia, `${halfHeights}, ${inertia}`);
}

/** The hits are the items of the highest cosines, computed one by one; all vectors are units. */
function assertNearest(hits, query, rows) {
  const cosines = rows.map((row) => row.reduce((sum, x, axis) => sum + x * query[axis], 0));
  const expected = cosines.toSorted((a, b) => b - a).slice(0, HITS);
  assert.equal(hits.length, HITS);
  hits.forEach(({ item, score }, rank) => {
    assert.ok(Math.abs(cosines[item] - expected[rank]) < 1e-3, `rank ${rank}: ${item}`);
    assert.ok(Math.abs(score - cosines[item]) < 1e-2, `score of ${item}: ${score}`);
  });
}
