import assert from "node:assert/strict";
import { test } from "node:test";
import { openSage } from "pocketsage";
import { actionsOn, DIM, rejects, smallCatalogue } from "./world.mjs";

const catalogue = await smallCatalogue();

const invalid = [
  [
    "an unknown option",
    { dim: 3, halfLife: 3 },
    "option",
    /unknown option "halfLife".*halfLifeDays/,
  ],
  ["neither dim nor catalogue", {}, "option", /`catalogue`, or `dim`/],
  ["nothing", undefined, "option", /expected an object/],
  ["a catalogue by itself", catalogue, "option", /expected \{ catalogue \}, saw a /],
  ["a dim of 0", { dim: 0 }, "option", /dim: expected a whole number from 1 to 32768, saw 0/],
  ["a dim that is not whole", { dim: 2.5 }, "option", /saw 2\.5/],
  ["a dim that is not the catalogue's", { dim: 3, catalogue }, "dimension", /dim is 3.*has 8/],
  [
    "a catalogue that is a plain object",
    { catalogue: {} },
    "option",
    /catalogue: expected a Catalogue of this package, saw an Object/,
  ],
  [
    "a retriever that is not a function",
    { dim: 3, retriever: {} },
    "option",
    /retriever: expected a function/,
  ],
  [
    "a store without save and clear",
    { dim: 3, store: { load() {} } },
    "option",
    /store: expected an object with load, save, clear/,
  ],
  ["a store that is null", { dim: 3, store: null }, "option", /store: expected an object/],
  [
    "a kind of weight 0",
    { dim: 3, kinds: { view: 0 } },
    "option",
    /kinds\.view.*from 0.000001 to 1000000, saw 0/,
  ],
  ["kinds in a Map", { dim: 3, kinds: new Map([["view", 2]]) }, "option", /object, saw a Map/],
  ["a kind that is NaN", { dim: 3, kinds: { view: NaN } }, "not-finite", /kinds\.view.*NaN/],
  [
    "maxActions of 0",
    { dim: 3, maxActions: 0 },
    "option",
    /maxActions.*from 1 to 4294967295, saw 0/,
  ],
  ["a negative maxAgeDays", { dim: 3, maxAgeDays: -1 }, "option", /maxAgeDays.*above 0/],
  [
    "an unknown value of unreadable",
    { dim: 3, unreadable: "delete" },
    "option",
    /"reject" or "set-aside", saw "delete"/,
  ],
  ["an unknown cut", { dim: 3, cut: "best" }, "option", /./],
  ["a cut of 0 interests", { dim: 3, cut: { count: 0 } }, "option", /count/],
  ["a cut at NaN", { dim: 3, cut: { threshold: NaN } }, "option", /threshold/],
  ["unknown singletons", { dim: 3, singletons: "hide" }, "option", /./],
  ["a half-life of 0", { dim: 3, halfLifeDays: 0 }, "option", /half/i],
  ["a half-life and a lambda", { dim: 3, halfLifeDays: 3, lambda: 1 }, "option", /lambda/],
];
for (const [name, options, code, message] of invalid) {
  test(`openSage refuses ${name}`, () => rejects(() => openSage(options), code, message));
}

const invalidRecommend = [
  ["an unknown option", { counts: 3 }, "option", /unknown option "counts".*count/],
  ["null", null, "option", /expected an object, saw null/],
  ["a count of 0", { count: 0 }, "option", /count: expected a whole number from 1 to \d+, saw 0/],
  ["a count that is a string", { count: "3" }, "option", /saw "3"/],
  ["interests that are not whole", { interests: 1.5 }, "option", /interests/],
  ["an unknown pick", { pick: "best" }, "option", /pick/],
  ["a pick without a seed", { pick: {} }, "option", /"top" or \{ seed \}/],
  ["a seed that is NaN", { pick: { seed: NaN } }, "not-finite", /pick\.seed/],
  [
    "a single string to exclude",
    { exclude: "food-1" },
    "option",
    /exclude: expected a list of item ids, saw "food-1"/,
  ],
  ["a number to exclude", { exclude: [3] }, "option", /exclude.*saw 3/],
];
for (const method of ["recommend", "preview"]) {
  for (const [name, options, code, message] of invalidRecommend) {
    test(`${method} refuses ${name}`, async () => {
      const sage = await openSage({ catalogue });
      await sage.record(actionsOn("food-1", "sport-1"));
      const bytes = await sage.export();
      await rejects(sage[method](options), code, message);
      assert.deepEqual(await sage.export(), bytes);
    });
  }
}

test("forget and hide refuse invalid arguments", async () => {
  const sage = await openSage({ catalogue });
  await sage.record(actionsOn("food-1"));
  await rejects(sage.forget({}), "option", /`from`, `to` or both.*"everything"/);
  await rejects(sage.forget({ from: NaN }), "not-finite", /from.*NaN/);
  await rejects(sage.forget({ since: 3 }), "option", /unknown option "since"/);
  await rejects(sage.forget(""), "option", /non-empty string/);
  await rejects(sage.hide(3), "option", /hide.*saw 3/);
  assert.equal((await sage.profile()).actions, 1);
});

test("recommend without catalogue and retriever is an error", async () => {
  const sage = await openSage({ dim: DIM });
  await sage.record({ item: "x", vector: new Float32Array(DIM).fill(1) });
  await rejects(sage.recommend(), "option", /a `catalogue` or a `retriever`/);
});
