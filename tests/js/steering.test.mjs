// What a user changes: dislikes, muted and boosted interests, shown items, filters, pages, dials.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue, LIMITS, openSage } from "pocketsage";
import { localRetriever } from "pocketsage/remote";
import { actionsOn, DAY, DIM, ITEMS, NOW, rejects, seeded, vectorOf } from "./world.mjs";

const ACTED = ["food-1", "sport-1", "food-2", "animal-1", "sport-2", "food-3"];
const catalogue = await Catalogue.from(
  ITEMS.map((item) => [item, vectorOf(item), { theme: themeOf(item), number: numberOf(item) }]),
  { dim: DIM, attributes: ["theme", "number"] },
);
const open = async (options = {}, acted = ACTED) => {
  const sage = await openSage({ catalogue, now: () => NOW, ...options });
  await sage.record(actionsOn(...acted));
  return sage;
};
const remote = () => ({ catalogue: undefined, dim: DIM, retriever: localRetriever(catalogue) });
const record = (sage, ...items) =>
  sage.record(items.map((item) => ({ item, vector: vectorOf(item), at: NOW })));
const openRemote = async () => {
  const sage = await openSage({ ...remote(), now: () => NOW });
  await record(sage, ...ACTED);
  return sage;
};
const itemsOf = (list) => list.map(({ item }) => item);
const all = async (sage, options = {}) => itemsOf(await sage.recommend({ count: 99, ...options }));

function themeOf(item) {
  return item.split("-")[0];
}

function numberOf(item) {
  return Number(item.split("-")[1]);
}

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, axis) => sum + value * y[axis], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

test("pages are disjoint and without gaps, whatever their size and the dials", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 25 }),
      fc.record({
        diversity: fc.constantFrom(0, 0.4, 1),
        explore: fc.constantFrom(-1, 0, 0.5, 1),
        exploreSeed: fc.nat(9),
      }),
      fc.boolean(),
      async (size, dials, isRemote) => {
        const sage = await (isRemote ? openRemote() : open());
        await sage.dislike("food-9").catch((error) => assert.equal(error.code, "unknown-item"));
        const pages = [];
        for (let offset = 0; offset < 60; offset += size)
          pages.push(...(await sage.recommend({ ...dials, offset, count: size })));
        assert.deepEqual(itemsOf(pages), (await all(sage, dials)).slice(0, pages.length));
        assert.equal(new Set(itemsOf(pages)).size, pages.length);
      },
    ),
    { numRuns: 40, seed: 14 },
  ));

test("a list of tiers has every item of a large catalogue once", async () => {
  const many = Array.from({ length: 3000 }, (_, index) => [
    `item-${index}`,
    [Math.cos(index), Math.sin(index), 0.1],
  ]);
  const large = await Catalogue.from(many, { dim: 3 });
  const sage = await openSage({ catalogue: large });
  await sage.record({ item: "item-7" });
  const list = itemsOf(await sage.recommend({ count: 4000 }));
  assert.equal(new Set(list).size, 2999);
  const page = itemsOf(await sage.recommend({ offset: 1990, count: 30 }));
  assert.deepEqual(page, list.slice(1990, 2020));
});

test("a filter gives what excluding all other items gives", () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.record({ field: fc.constant("theme"), is: fc.constantFrom("food", "sport") }),
        fc.record({
          field: fc.constant("number"),
          from: fc.nat(9),
          to: fc.integer({ min: 9, max: 19 }),
        }),
        fc.constant({ not: { field: "theme", in: ["food", "animal"] } }),
      ),
      fc.constantFrom([], ["food-1"], ACTED),
      async (filter, acted) => {
        const sage = await open({}, acted);
        const meets = new Set(itemsOf(catalogue.search(vectorOf("food-1"), { count: 99, filter })));
        const exclude = ITEMS.filter((item) => !meets.has(item));
        const filtered = await all(sage, { filter });
        assert.ok(filtered.every((item) => meets.has(item)));
        if (acted.length > 0) assert.deepEqual(filtered, await all(sage, { exclude }));
        else assert.deepEqual(new Set(filtered), meets);
      },
    ),
    { numRuns: 30, seed: 14 },
  ));

test("a retriever gets the filter, or the option is refused", async () => {
  const sage = await openRemote();
  const filter = { field: "theme", is: "sport" };
  assert.ok((await all(sage, { filter })).every((item) => themeOf(item) === "sport"));
  const plain = await openSage({ dim: DIM, retriever: async () => [] });
  await record(plain, "food-1");
  await rejects(plain.recommend({ filter }), "option", /filter: expected a retriever with `withF/);
});

test("a dislike puts near items last and keeps the order of other interests", async () => {
  for (const sage of [await open(), await openRemote()]) {
    const before = await all(sage);
    await sage.record({ item: "food-9", weight: -1, vector: vectorOf("food-9") });
    const after = await all(sage);
    assert.ok(!after.includes("food-9"));
    const isNear = (item) => cosine(vectorOf(item), vectorOf("food-9")) >= 0.8;
    const firstNear = after.findIndex(isNear);
    assert.ok(firstNear < 0 || after.slice(firstNear).every(isNear), String(after));
    const others = (list) => list.filter((item) => themeOf(item) !== "food");
    assert.deepEqual(others(after), others(before));
    assert.equal((await sage.profile()).actions, ACTED.length, "it is in no interest");
    await sage.undislike("food-9");
    assert.deepEqual(await all(sage), before);
  }
});

test("dislikes are exported, merged and forgotten", async () => {
  const [sage, other] = [await open(), await open({}, [])];
  await sage.dislike(["food-9", "sport-9"]);
  await sage.mute("animal-1");
  await other.import(await sage.export());
  await other.import(await sage.export());
  const parameterOf = async (one, name) =>
    (await one.parameters()).find((parameter) => parameter.name === name).value;
  assert.deepEqual(await parameterOf(other, "disliked"), ["food-9", "sport-9"]);
  assert.deepEqual(await parameterOf(other, "boosted"), [{ item: "animal-1", factor: 0 }]);
  assert.deepEqual(await other.export(), await sage.export());
  assert.equal(await other.forget("sport-9"), 1);
  await other.forget("animal-1");
  await sage.import(await other.export());
  assert.deepEqual(await parameterOf(sage, "disliked"), ["food-9"]);
  assert.deepEqual(await parameterOf(sage, "boosted"), []);
});

test("a muted interest has no items, also after the history has grown", async () => {
  for (const sage of [await open(), await openRemote()]) {
    const { interests } = await sage.profile();
    const food = interests.find(({ medoid }) => themeOf(medoid) === "food");
    await sage.mute(food);
    const themes = async () => new Set((await all(sage, { count: 20 })).map(themeOf));
    assert.deepEqual(await themes(), new Set(["sport", "animal"]));
    await record(sage, "food-11", "food-12", "sport-11");
    assert.deepEqual(await themes(), new Set(["sport", "animal"]));
    await sage.boost("food-11", 1);
    assert.ok((await themes()).has("food"), "the last mark of the interest counts");
  }
});

test("all interests muted: the pool without the muted items", async () => {
  const sage = await open();
  for (const { medoid } of (await sage.profile()).interests) await sage.mute(medoid);
  assert.deepEqual(await all(sage), []);
});

test("a boost brings items of its interest forward", async () => {
  const sage = await open();
  const placesOf = async () =>
    (await all(sage)).slice(0, 15).filter((item) => themeOf(item) === "animal").length;
  const before = await placesOf();
  await sage.boost("animal-1", 50);
  assert.ok((await placesOf()) > before);
});

test("shown items come later, until the showing has expired", async () => {
  let now = NOW;
  const sage = await open({ now: () => now });
  const before = await all(sage);
  for (let showing = 0; showing < 30; showing += 1) await sage.shown(before[6], { ttlDays: 2 });
  assert.ok((await all(sage)).indexOf(before[6]) > 6);
  now += 2 * DAY;
  assert.deepEqual(await all(sage), await all(await open({ now: () => now })));
  assert.deepEqual(await sage.export(), await sage.export(), "nothing is stored");
});

test("diversity lowers the mean cosine, explore changes distances", async () => {
  const sage = await open();
  const meanCosine = async (diversity) => {
    const items = itemsOf(await sage.recommend({ count: 12, diversity }));
    const pairs = items.flatMap((a, index) => items.slice(index + 1).map((b) => [a, b]));
    return pairs.reduce((sum, [a, b]) => sum + cosine(vectorOf(a), vectorOf(b)), 0) / pairs.length;
  };
  assert.ok((await meanCosine(0.9)) < (await meanCosine(0)));
  const mean = async (options) => {
    const list = await sage.recommend({ count: 12, ...options });
    return list.reduce((sum, { score }) => sum + score, 0) / list.length;
  };
  assert.ok((await mean({ explore: 1 })) < (await mean({ explore: -1 })));
  const seeded = (exploreSeed) => all(sage, { explore: 1, exploreSeed });
  assert.deepEqual(await seeded(3), await seeded(3));
  assert.notDeepEqual(await seeded(3), await seeded(4));
});

test("minScore is a lower bound of all scores", async () => {
  const sage = await open();
  const list = await sage.recommend({ count: 99, minScore: 0.9 });
  assert.ok(list.length > 0 && list.every(({ score }) => score >= 0.9));
  assert.deepEqual(await sage.recommend({ minScore: 1.5 }), []);
});

test("minScore returns the items of the whole list that have it, in every metric", async () => {
  const random = seeded(9);
  const many = Array.from({ length: 900 }, (_, index) => [
    `item-${index}`,
    Array.from({ length: 4 }, () => (random() - 0.4) * 3),
  ]);
  for (const metric of ["cosine", "ip", "l2"]) {
    const large = await Catalogue.from(many, { dim: 4, metric });
    for (const retriever of [undefined, localRetriever(large)]) {
      const sage = await openSage({ catalogue: large, ...(retriever && { retriever }) });
      await sage.record(["item-5", "item-300", "item-801"].map((item) => ({ item })));
      const whole = await sage.recommend({ count: 900 });
      for (const rank of [20, 150, 400]) {
        const minScore = whole[rank].score;
        const expected = whole.filter(({ score }) => score >= minScore);
        const found = await sage.recommend({ count: 900, minScore });
        assert.deepEqual(itemsOf(found).sort(), itemsOf(expected).sort(), `${metric} ${rank}`);
      }
      await sage.close();
    }
  }
});

test("items beyond the first hits are found if those are excluded or muted", async () => {
  const near = Array.from({ length: 900 }, (_, index) => [
    `near-${index}`,
    [1, index * 1e-5, 0, 0],
  ]);
  const far = Array.from({ length: 300 }, (_, index) => [`far-${index}`, [0, 0, 1, index * 1e-3]]);
  const large = await Catalogue.from([...near, ...far], { dim: 4 });
  let calls = 0;
  const answer = localRetriever(large);
  const retriever = (queries) => {
    calls += 1;
    return answer(queries);
  };
  const sage = await openSage({ dim: 4, retriever });
  await sage.record({ item: "near-0", vector: near[0][1] });
  const exclude = near.map(([item]) => item);
  assert.equal((await sage.recommend({ exclude })).length, 20);
  const everything = [...near, ...far].map(([item]) => item);
  assert.deepEqual(await sage.recommend({ exclude: everything }), []);
  calls = 0;
  assert.deepEqual(await sage.recommend({ minScore: 2 }), []);
  assert.equal(calls, 1, "no hit has the score, so deeper ones have not");
  // A retriever that repeats itself has no end.
  const endless = await openSage({
    dim: 4,
    retriever: (queries) =>
      queries.map(({ count }) => Array.from({ length: count }, () => ({ item: "a", score: 1 }))),
  });
  await endless.record({ item: "near-0", vector: near[0][1] });
  assert.deepEqual(itemsOf(await endless.recommend()), ["a"]);

  // The average of three interests is nearest to a fourth, which is muted.
  const axes = ["x", "y", "z"].map((item, axis) => [item, [0, 1, 2, 3].map((i) => +(i === axis))]);
  const between = Array.from({ length: 400 }, (_, index) => [
    `between-${index}`,
    [0.45 + index * 1e-4, 0.45, 0.45, 0.62],
  ]);
  const others = Array.from({ length: 400 }, (_, index) => [`x-${index}`, [1, index * 1e-4, 0, 0]]);
  const four = await Catalogue.from(
    [...axes, ["muted", [0.38, 0.38, 0.38, 0.75]], ...between, ...others],
    { dim: 4 },
  );
  const muting = await openSage({ catalogue: four, now: () => NOW });
  await muting.record(actionsOn("x", "y", "z", "muted"));
  await muting.mute("muted");
  const list = itemsOf(await muting.recommend({ focus: 1 }));
  assert.equal(list.length, 20);
  assert.ok(
    list.every((item) => item.startsWith("x-")),
    `${list}`,
  );
});

test("personal: false gives the list without a history", async () => {
  const [sage, stranger] = [await open(), await open({}, [])];
  await sage.dislike("food-9");
  await sage.mute("sport-1");
  await sage.shown("animal-4");
  assert.deepEqual(await all(sage, { personal: false }), await all(stranger));
  const answered = await open({ retriever: async () => assert.fail("nothing is sent") });
  assert.deepEqual(await all(answered, { personal: false }), await all(stranger));
});

test("values out of range are refused, and nothing is changed", async () => {
  const sage = await open();
  const before = await sage.export();
  const refusals = [
    [{ diversity: 1.01 }, /diversity: expected a number from 0 to 1, saw 1\.01/],
    [{ explore: -1.1 }, /explore: expected a number from -1 to 1, saw -1\.1/],
    [{ exploreSeed: 0.5 }, /exploreSeed: expected a whole number/],
    [{ offset: -1 }, /offset: expected a whole number from 0/],
    [{ minScore: "high" }, /minScore: expected/],
    [{ personal: "no" }, /personal: expected true, or false with a catalogue, saw "no"/],
    [{ filter: { field: "colour", is: "red" } }, /no attribute "colour"\. Known: theme, number/],
    [{ filter: 7 }, /filter: expected an object, saw 7/],
  ];
  for (const [options, message] of refusals)
    await rejects(sage.recommend(options), "option", message);
  await rejects(sage.recommend({ minScore: NaN }), "not-finite", /minScore/);
  await rejects(sage.recommend({ minScore: -Infinity }), "not-finite", /minScore/);
  await rejects(sage.recommend({ pick: "best" }), "option", /pick: expected "top" or { seed }/);
  await rejects(sage.recommend({ count: 20n }), "option", /count: .*, saw 20n/);
  const dials = ["count", "offset", "interests", "focus", "popularity", "diversity", "explore"];
  const odd = [null, NaN, Infinity, -Infinity, "1", "", true, [], [1], {}, new Date(1), 1n, -2];
  for (const name of [...dials, "exploreSeed", "minScore"])
    for (const value of [...odd, Symbol("1"), Object.create(null), Object(1)]) {
      if (name === "minScore" && value === -2) continue;
      const code = name.endsWith("Seed") || name === "minScore" ? /option|not-finite/ : /^option$/;
      const error = await sage.recommend({ [name]: value }).then(
        () => assert.fail(`${name}: ${String(value)} was accepted`),
        (caught) => caught,
      );
      assert.match(error.code ?? error.stack, code);
      assert.ok(error.message.startsWith(`recommend: ${name}: expected `), error.message);
    }
  for (const name of ["offset", "focus", "popularity", "diversity", "explore", "exploreSeed"])
    assert.deepEqual(await sage.recommend({ [name]: -0 }), await sage.recommend({ [name]: 0 }));
  await rejects(sage.boost("food-1", LIMITS.maxWeight * 2), "option", /factor: expected a number/);
  await rejects(sage.mute("ghost"), "unknown-item", /"ghost" is neither in the history/);
  await rejects(
    sage.dislike("ghost"),
    "unknown-item",
    /dislike: item 0 \("ghost"\).*Record \{ item, vector, weight: -1 \}/,
  );
  await rejects(sage.dislike(7), "option", /dislike/);
  await rejects(
    sage.shown("food-1", { ttlDays: 0 }),
    "option",
    /ttlDays: expected a number above 0/,
  );
  assert.deepEqual(await sage.export(), before);
});

test("parameters are named in words", async () => {
  const parameters = await (await open()).parameters();
  for (const { name, meaning } of parameters) assert.ok(name && meaning.includes(" "), meaning);
  assert.equal(parameters.find(({ name }) => name === "focus").value, 0.3);
});

test("no reason names a disliked item, also one that was liked before", async () => {
  for (const sage of [await open(), await openRemote()]) {
    const named = async () =>
      (await sage.recommend({ count: 30 })).flatMap(({ because }) => [
        ...(because.medoid === undefined ? [] : [because.medoid]),
        ...because.nearest,
      ]);
    assert.ok((await named()).includes("food-1"));
    for (const item of ACTED) await sage.record({ item, vector: vectorOf(item), weight: -1 });
    assert.deepEqual(await named(), []);
    await sage.close();
  }
});
