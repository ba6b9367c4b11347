// Subset selection and the vectors of two servers over all of their randomness.
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitCell } from "../../pkg/privacy/cells/xor.js";
import { DRAW_RANGE, drawDistinct, secureDraw } from "../../pkg/privacy/random.js";
import { drawSubset, subsetMechanism } from "../../pkg/privacy/subset.js";
import { printFigure } from "./world.mjs";

/**
 * Runs `body` with every sequence of draws. A draw from 2^48 has two outcomes, below the threshold
 * or not; each other draw has all of its outcomes. `onLeaf(result, isBelow)`.
 */
function enumerateDraws(threshold, body, onLeaf) {
  const path = [];
  for (;;) {
    let depth = 0;
    let isBelow;
    const draw = {
      below(bound) {
        const outcomes = bound === DRAW_RANGE ? 2 : bound;
        path[depth] ??= { index: 0, outcomes };
        const { index } = path[depth];
        depth += 1;
        if (bound !== DRAW_RANGE) return index;
        isBelow = index === 0;
        return isBelow ? threshold - 1 : threshold;
      },
    };
    onLeaf(body(draw), isBelow);
    while (path.length > 0 && path.at(-1).index + 1 === path.at(-1).outcomes) path.pop();
    if (path.length === 0) return;
    path.at(-1).index += 1;
  }
}

/** Exact weights of all sets for a true cell, with a common denominator: Map of key to BigInt. */
function distributionOf(mechanism, cell) {
  const { threshold } = mechanism;
  const leaves = [new Map(), new Map()];
  const totals = [0n, 0n];
  enumerateDraws(
    threshold,
    (draw) => drawSubset(mechanism, cell, draw).join(),
    (key, isBelow) => {
      const side = isBelow ? 0 : 1;
      leaves[side].set(key, (leaves[side].get(key) ?? 0n) + 1n);
      totals[side] += 1n;
    },
  );
  const weights = new Map();
  const sides = [BigInt(threshold), BigInt(DRAW_RANGE - threshold)];
  for (const side of [0, 1])
    for (const [key, count] of leaves[side]) {
      const weight = sides[side] * count * totals[1 - side];
      weights.set(key, (weights.get(key) ?? 0n) + weight);
    }
  return { weights, total: BigInt(DRAW_RANGE) * totals[0] * totals[1] };
}

const SMALL = [];
for (let cells = 2; cells <= 12; cells += 1)
  for (let size = 1; size < cells; size += 1)
    if (cells <= 7 || size <= 3) SMALL.push([cells, size]);

test("likelihood ratios over the whole output space are at most e^epsilon", () => {
  let [pairs, largest] = [0, 0];
  for (const [cells, size] of SMALL)
    for (const epsilon of [0.1, 1, 4]) {
      const mechanism = subsetMechanism({ cells, size, epsilon });
      assert.ok(mechanism.epsilon <= epsilon && mechanism.epsilon > epsilon - 1e-9);
      const all = Array.from({ length: cells }, (_, cell) => distributionOf(mechanism, cell));
      const { threshold } = mechanism;
      // The exact bound t (K - w) / ((2^48 - t) w) as a fraction.
      const above = BigInt(threshold) * BigInt(cells - size);
      const below = BigInt(DRAW_RANGE - threshold) * BigInt(size);
      for (const { weights, total } of all) {
        const sum = [...weights.values()].reduce((a, b) => a + b, 0n);
        assert.equal(sum, total, "the probabilities sum to 1");
      }
      for (const key of all[0].weights.keys()) {
        const values = all.map(({ weights }) => weights.get(key));
        values.sort((a, b) => Number(a > b) - Number(a < b));
        const [low, high] = [values[0], values.at(-1)];
        assert.ok(high * below <= low * above, `K ${cells}, w ${size}, eps ${epsilon}: ${key}`);
        largest = Math.max(largest, Number((high * 10n ** 9n) / low) / 1e9 / Math.exp(epsilon));
        pairs += cells * (cells - 1);
      }
    }
  assert.ok(largest <= 1 && largest > 0.999, `${largest}`);
  printFigure("likelihood ratio / e^eps, exhaustive, K 2 to 12: largest", largest.toFixed(9));
  printFigure("  compared pairs of true cells and sets", pairs);
});

test("frequencies for a large K are those of the mechanism", () => {
  const runs = Number(process.env.PRIVACY_RUNS ?? 20_000);
  const mechanism = subsetMechanism({ cells: 1024, size: 16, epsilon: 4 });
  const inclusion = mechanism.threshold / DRAW_RANGE;
  let hits = 0;
  const counts = new Float64Array(1024);
  for (let run = 0; run < runs; run += 1) {
    const set = drawSubset(mechanism, 77, secureDraw);
    assert.ok(new Set(set).size === 16 && set.every((cell, i) => i === 0 || cell > set[i - 1]));
    hits += set.includes(77) ? 1 : 0;
    for (const cell of set) counts[cell] += 1;
  }
  const z = (hits - runs * inclusion) / Math.sqrt(runs * inclusion * (1 - inclusion));
  assert.ok(Math.abs(z) < 5, `z ${z}`);
  const expected = (runs * (16 - inclusion)) / 1023;
  const spread = 1 - (16 - inclusion) / 1023;
  const others = [...counts].filter((_, cell) => cell !== 77);
  const chi = others.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / spread;
  const chiZ = (chi - 1022) / Math.sqrt(2 * 1022);
  assert.ok(Math.abs(chiZ) < 5, `chi-square z ${chiZ}`);
  printFigure(`K 1024, w 16, ${runs} sets: z of the true cell's frequency`, z.toFixed(2));
  printFigure("  z of the other cells' chi-square", chiZ.toFixed(2));
});

test("drawn cells and orders are uniform, without modulo bias", () => {
  const counts = new Map();
  enumerateDraws(
    1,
    (draw) => drawDistinct(5, 3, draw).join(),
    (key) => counts.set(key, (counts.get(key) ?? 0) + 1),
  );
  assert.equal(counts.size, 60);
  assert.ok([...counts.values()].every((count) => count === 1));
  const low = Array.from({ length: 3000 }, () => secureDraw.below(3)).filter((n) => n === 0).length;
  assert.ok(Math.abs(low - 1000) < 150, `${low}`);
});

test("each server's vector is uniform whatever the cell, over all randomness", () => {
  let views = 0;
  for (let cells = 2; cells <= 12; cells += 1) {
    const bytes = Math.ceil(cells / 8);
    for (let cell = 0; cell < cells; cell += 1) {
      const seen = [new Map(), new Map()];
      for (let bits = 0; bits < 2 ** (8 * bytes); bits += 1) {
        // The bits after the last cell are dropped, so only those of cells are enumerated.
        if (bits >= 2 ** cells && cells > 8) break;
        const random = Uint8Array.of(bits & 255, bits >> 8).slice(0, bytes);
        splitCell(cell, cells, random).forEach((vector, host) => {
          const key = vector.join();
          seen[host].set(key, (seen[host].get(key) ?? 0) + 1);
        });
        views += 1;
      }
      for (const map of seen) {
        assert.equal(map.size, 2 ** cells, `K ${cells}: every vector occurs`);
        assert.equal(new Set(map.values()).size, 1, `K ${cells}, cell ${cell}: equally often`);
      }
    }
  }
  printFigure("two servers, K 2 to 12: views compared, all uniform", views);
});

test("two servers that collude learn every cell", () => {
  let found = 0;
  for (let cell = 0; cell < 100; cell += 1) {
    const random = crypto.getRandomValues(new Uint8Array(13));
    const [first, second] = splitCell(cell, 100, random);
    const bits = first.map((byte, index) => byte ^ second[index]);
    const bit = bits.findIndex((byte) => byte !== 0);
    found += bit * 8 + Math.log2(bits[bit]) === cell ? 1 : 0;
  }
  assert.equal(found, 100);
  printFigure("two servers that collude: cells they learn", "100 %");
});

for (const [name, options, code] of [
  ["epsilon 0", { epsilon: 0 }, "option"],
  ["a negative epsilon", { epsilon: -1 }, "option"],
  ["NaN", { epsilon: Number.NaN }, "not-finite"],
  ["an epsilon over the limit", { epsilon: 17 }, "option"],
  ["an epsilon below the resolution", { cells: 12, size: 5, epsilon: 1e-16 }, "option"],
  ["one cell", { cells: 1 }, "option"],
  ["a set of more than all cells", { size: 17 }, "option"],
  ["an empty set", { size: 0 }, "option"],
])
  test(`the mechanism refuses ${name}`, () => {
    assert.throws(() => subsetMechanism({ cells: 16, size: 2, epsilon: 1, ...options }), { code });
  });

test("a set of all cells costs nothing", () => {
  const mechanism = subsetMechanism({ cells: 4, size: 4, epsilon: 2 });
  assert.equal(mechanism.epsilon, 0);
  assert.deepEqual(drawSubset(mechanism, 2, secureDraw), [0, 1, 2, 3]);
});
