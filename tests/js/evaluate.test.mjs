// pocketsage/evaluate: comparison of lists, interleaving, and replay of a log.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue, openSage } from "pocketsage";
import { compareLists, creditTeams, interleave, preference, replay } from "pocketsage/evaluate";
import { DAY, NOW, rejects, seeded } from "./world.mjs";

const toList = (ids) => [...ids].map((item) => ({ item }));
const idsOf = (list) => list.map(({ item }) => item);
const lists = fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { maxLength: 10 }).map(toList);

test("compareLists: what was added, removed and moved", () => {
  assert.deepEqual(compareLists(toList("abcd"), toList("axcb")), {
    added: ["x"],
    removed: ["d"],
    moved: [{ item: "b", from: 1, to: 3 }],
    overlap: 3 / 5,
  });
  assert.deepEqual(compareLists([], []), { added: [], removed: [], moved: [], overlap: 1 });
});

test("compareLists: the second list follows from the first and the difference", () => {
  fc.assert(
    fc.property(lists, lists, (before, after) => {
      const { added, removed, moved, overlap } = compareLists(before, after);
      const shared = idsOf(before).filter((item) => !removed.includes(item));
      assert.deepEqual([...shared, ...added].sort(), idsOf(after).sort());
      for (const { item, from, to } of moved) {
        assert.equal(before[from].item, item);
        assert.equal(after[to].item, item);
      }
      assert.equal(overlap, compareLists(after, before).overlap);
    }),
  );
});

test("interleave: each round places the best item of both lists", () => {
  fc.assert(
    fc.property(lists, lists, fc.nat(), fc.integer({ min: 1, max: 12 }), (a, b, seed, count) => {
      const mixed = interleave(a, b, { seed, count });
      assert.deepEqual(mixed, interleave(a, b, { seed, count }));
      const ids = idsOf(mixed);
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(ids.length, Math.min(count, new Set([...idsOf(a), ...idsOf(b)]).size));
      mixed.forEach(({ team }, index) => {
        const before = new Set(ids.slice(0, index));
        const best = idsOf(team === "a" ? a : b).find((item) => !before.has(item));
        assert.equal(ids[index], best);
      });
    }),
  );
});

test("interleave: equal lists get equal credit over many seeds", () => {
  const list = toList("abcdefghij");
  const credits = Array.from({ length: 2000 }, (_, seed) =>
    creditTeams(interleave(list, list, { seed }), ["a"]),
  );
  const { a, b, ties, pValue } = preference(credits);
  assert.equal(ties, 0);
  assert.ok(Math.abs(a - b) < 150, `${a}, ${b}`);
  assert.ok(pValue > 0.001, `${pValue}`);
});

test("credits: repeats and foreign items do not count; the sign test is exact", async () => {
  const mixed = [
    { item: "x", team: "a" },
    { item: "y", team: "b" },
  ];
  assert.deepEqual(creditTeams(mixed, ["x", "x", "z"]), { a: 1, b: 0 });
  const visits = [...Array(8).fill({ a: 2, b: 1 }), { a: 0, b: 3 }, { a: 1, b: 1 }];
  const { pValue, ...counts } = preference(visits);
  assert.deepEqual(counts, { a: 8, b: 1, ties: 1 });
  assert.ok(Math.abs(pValue - 20 / 512) < 1e-12, `${pValue}`);
  assert.deepEqual(preference([]), { a: 0, b: 0, ties: 0, pValue: 1 });
  await rejects(() => interleave([], [], {}), "option", /interleave: seed/);
  await rejects(() => interleave([], [], { seed: 1, count: 0 }), "option", /interleave: count/);
});

const random = seeded(3);
const items = Array.from({ length: 90 }, (_, index) => [
  `item-${index}`,
  Array.from({ length: 8 }, (_, axis) => random() * 0.5 + (axis === index % 3 ? 2 : 0)),
]);
const catalogue = await Catalogue.from(items, { dim: 8 });
/** A user of one of the three topics. */
const log = Array.from({ length: 12 }, (_, index) => ({
  item: `item-${index * 3}`,
  at: NOW + index * DAY,
}));

test("replay: the newest items are held out, and their topic is recommended", async () => {
  const result = await replay([...log].reverse(), {
    sage: { catalogue },
    recommend: { count: 21 },
    held: 3,
  });
  assert.deepEqual(result.held, ["item-27", "item-30", "item-33"]);
  assert.equal(result.trained, 9);
  assert.equal(result.recommended.length, 21);
  assert.equal(result.recall, 1);
  assert.ok(result.ndcg > 0 && result.ndcg <= 1);
  const first = result.recommended.findIndex((item) => result.held.includes(item));
  assert.equal(result.reciprocalRank, 1 / (first + 1));
});

test("replay: the log of a sage, a fifth of which is held out without seen items", async () => {
  const sage = await openSage({ catalogue, now: () => NOW + 40 * DAY });
  await sage.record([...log, { item: "item-0", at: NOW + 30 * DAY }]);
  const before = await sage.export();
  const result = await replay(await sage.actions(), { sage: { catalogue } });
  assert.deepEqual(result.held, ["item-30", "item-33"]);
  assert.deepEqual(await sage.export(), before);
  assert.deepEqual(await replay(await sage.actions(), { sage: { catalogue } }), result);
});

test("replay refuses short logs, actions without times and unknown options", async () => {
  const options = { sage: { catalogue } };
  await rejects(replay([], options), "option", /too few/);
  await rejects(replay(log.slice(0, 1), options), "option", /1 items are too few/);
  await rejects(replay(log, { ...options, held: 12 }), "option", /too few to hold 12 out/);
  await rejects(replay([{ item: "item-1" }], options), "option", /action 0: at/);
  await rejects(replay(log, { ...options, helt: 1 }), "option", /helt/);
});

test("values that are no lists of items, and credits that are no numbers, are errors", async () => {
  const list = toList("ab");
  // biome-ignore lint/suspicious/noSparseArray: a hole is the value under test.
  const others = [null, undefined, 5, "ab", {}, [null], [, { item: "a" }], [{}], [{ item: 5 }]];
  for (const other of others) {
    await rejects(() => compareLists(other, list), "option", /compareLists: the first list/);
    await rejects(() => compareLists(list, other), "option", /compareLists: the second list/);
    await rejects(() => interleave(other, list, { seed: 1 }), "option", /interleave: a/);
    await rejects(() => interleave(list, other, { seed: 1 }), "option", /interleave: b/);
    await rejects(() => creditTeams(other, []), "option", /creditTeams/);
    await rejects(replay(other, { sage: { dim: 2 } }), "option", /replay: actions/);
  }
  const placed = (team) => [{ item: "a", team }];
  await rejects(() => creditTeams(placed("__proto__"), []), "option", /expected "a" or "b"/);
  await rejects(() => creditTeams(placed(undefined), []), "option", /expected "a" or "b"/);
  for (const visits of [null, 5, "ab", [null], [{}], [{ a: NaN, b: 1 }], [{ a: 1, b: "2" }]])
    await rejects(() => preference(visits), "option", /preference/);
  await rejects(replay([], {}), "option", /sage: expected the options of openSage/);
});
