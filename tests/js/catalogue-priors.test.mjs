// Priors: one non-negative number per item, rounded to an f16 of ln(1 + prior).
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue, LIMITS } from "pocketsage";
import { handleOf } from "../../pkg/catalogue/catalogue.js";
import { builderLike } from "../../pkg/catalogue/change.js";
import { decodePrior, encodePrior } from "../../pkg/catalogue/priors.js";
import { BASE, encodeRevision, PRIOR_CHANGES, PRIORS } from "../../pkg/catalogue/sections.js";
import { diffCatalogues } from "../../pkg/cli/build/diff.js";
import { withCore } from "../../pkg/core/glue.js";
import { rejects } from "./world.mjs";

const build = (priors) =>
  Catalogue.from(
    priors.map((prior, row) => [`i${row}`, [row + 1, 1], undefined, prior]),
    { dim: 2 },
  );
const priorsOf = (catalogue) => [...catalogue.ids()].map((id) => catalogue.prior(id));
const prior = fc.oneof(
  fc.nat(1e6),
  fc.double({ min: 0, max: 2, noNaN: true }),
  fc.double({ min: -300, max: 15, noNaN: true }).map((power) => 10 ** power),
);

/** Relative error of 1 + prior that the documentation states. */
const errorBound = (value) => (value < 6 ? 0.0005 : value < 8e6 ? 0.004 : 0.016);

test("a prior survives the file within the documented rounding, and keeps its order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(prior, { minLength: 1, maxLength: 20 }), async (given) => {
      const built = await build(given);
      const read = await Catalogue.fromBytes(built.toBytes());
      const stored = priorsOf(read);
      assert.deepEqual(priorsOf(built), stored);
      for (const [row, value] of given.entries()) {
        assert.ok(Math.abs(stored[row] - value) <= errorBound(value) * (1 + value), `${value}`);
        for (const [other, otherValue] of given.entries())
          assert.ok(!(value < otherValue) || stored[row] <= stored[other]);
      }
    }),
    { seed: 5, numRuns: 100 },
  );
  for (const whole of [0, LIMITS.maxPrior]) {
    const [stored] = priorsOf(await build([whole]));
    assert.ok(Math.abs(stored - whole) <= 0.016 * whole);
  }
});

test("each code of an f16 up to the largest prior is the code of its own prior", () => {
  const largest = encodePrior(LIMITS.maxPrior);
  assert.equal(largest, 0x5051);
  for (let code = 0; code <= largest; code += 1) assert.equal(encodePrior(decodePrior(code)), code);
});

test("without priors, every prior is 0, hits have none, and the file has no section", async () => {
  const catalogue = await build([0, undefined, 0]);
  const plain = await Catalogue.from(
    [0, 1, 2].map((row) => [`i${row}`, [row + 1, 1]]),
    { dim: 2 },
  );
  assert.equal(catalogue.hash, plain.hash);
  assert.deepEqual(priorsOf(catalogue), [0, 0, 0]);
  assert.equal(catalogue.prior("ghost"), undefined);
  assert.deepEqual(Object.keys(catalogue.search([1, 1])[0]), ["item", "score"]);
});

test("hits carry the priors of their items", async () => {
  const catalogue = await build([5, 0, 1e6]);
  const hits = catalogue.searchMany([
    [1, 0],
    [0, 1],
  ]);
  for (const hit of hits.flat()) assert.equal(hit.prior, Math.fround(catalogue.prior(hit.item)));
});

test("setPriors replaces all priors at once, as if the catalogue had been built so", async () => {
  const catalogue = await build([5, 6, 7]);
  const { hash } = catalogue;
  const newPriors = new Map([
    ["i0", 100],
    ["i2", 3],
    ["ghost", 9],
  ]);
  assert.equal(catalogue.setPriors(newPriors), 2);
  assert.equal(catalogue.hash, hash, "the file is as before");
  assert.deepEqual(priorsOf(catalogue), priorsOf(await build([100, 0, 3])));
  assert.ok(catalogue.search([1, 0])[0].prior > 2);
  catalogue.toBytes();
  assert.equal(catalogue.hash, (await build([100, 0, 3])).hash);
  assert.equal(
    catalogue.setPriors([
      ["i0", 1],
      ["i0", 2],
    ]),
    2,
  );
  assert.deepEqual(priorsOf(catalogue), priorsOf(await build([2, 0, 0])), "the last counts");
  assert.equal(catalogue.setPriors([]), 0);
  assert.equal("prior" in catalogue.search([1, 0])[0], false);
  catalogue.toBytes();
  assert.equal(catalogue.hash, (await build([0, 0, 0])).hash);
});

test("an addition, a removal and a compaction keep the priors that were set", async () => {
  const changes = [
    (catalogue) => catalogue.add([["i9", [1, 2], undefined, 4]]),
    (catalogue) => catalogue.remove(["i1"]),
    (catalogue) => catalogue.compact(),
  ];
  for (const change of changes) {
    const catalogue = await build([5, 6, 7]);
    catalogue.setPriors([["i0", 40]]);
    change(catalogue);
    assert.deepEqual(
      ["i0", "i2"].map((id) => Math.round(catalogue.prior(id))),
      [40, 0],
    );
  }
});

test("a delta brings the priors of the newer catalogue, whatever was set in memory", async () => {
  const older = await build([5, 6, 7]);
  const newer = await build([5, 60, 7]);
  const { bytes } = diffCatalogues(older, newer);
  older.setPriors([["i2", 1]]);
  older.merge(bytes);
  assert.deepEqual(priorsOf(older), priorsOf(newer));
  assert.equal(older.revision, newer.revision);
});

test("a prior that is negative, too large or not finite changes nothing", async () => {
  const catalogue = await build([5, 6]);
  const cases = [
    [-1, "option", /prior: expected a number from 0 to 1000000000000000, saw -1\.$/],
    [1.1e15, "option", /saw 1100000000000000\.$/],
    ["7", "option", /prior: expected a number, saw "7"\.$/],
    [null, "option", /saw null/],
    [NaN, "not-finite", /prior: expected a finite number, saw NaN\.$/],
    [Infinity, "not-finite", /saw Infinity/],
  ];
  for (const [value, code, message] of cases) {
    await rejects(build([1, value]), code, message);
    await rejects(build([1, value]), code, /^Catalogue\.from: item 1 \("i1"\): prior/);
    await rejects(() => catalogue.add([["i3", [1, 1], undefined, value]]), code, message);
    await rejects(
      () =>
        catalogue.setPriors([
          ["i0", 1],
          ["i1", value],
        ]),
      code,
      /^setPriors: "i1": prior/,
    );
  }
  assert.deepEqual(priorsOf(catalogue), priorsOf(await build([5, 6])));
});

/** The result of `finish` for an empty builder with the base of `catalogue` and one section. */
function built(catalogue, [kind, content], finish) {
  return handleOf(catalogue).with((old) =>
    withCore((core) => {
      const builder = builderLike(core, old);
      builder.section(BASE, encodeRevision(catalogue.revision));
      builder.section(kind, content);
      return finish(builder);
    }),
  );
}

test("a delta with priors that do not fit is corrupt, and changes nothing", async () => {
  const catalogue = await build([5, 6]);
  const before = catalogue.toBytes();
  const largest = [0x51, 0x50];
  const mergeOf = (changes) => () =>
    catalogue.merge(
      built(catalogue, [PRIOR_CHANGES, Uint8Array.from(changes)], (builder) =>
        builder.finishDelta(),
      ),
    );
  const cases = [
    [[2, 0, 0, 0, 0, 0x3c], /do not fit its base/],
    [[0, 0, 0, 0, 0x52, 0x50], /a prior is out of range/],
    [[0, 0, 0, 0, 0, 0x7c], /a prior is out of range/],
    [[0, 0, 0, 0, 0, 0x7e], /a prior is out of range/],
    [[0, 0, 0, 0, 0, 0xbc], /a prior is out of range/],
  ];
  for (const [changes, message] of cases) await rejects(mergeOf(changes), "corrupt", message);
  for (let length = 1; length < 12; length += 1)
    if (length % 6 !== 0)
      await rejects(mergeOf(new Array(length).fill(0)), "corrupt", /do not fit/);
  assert.deepEqual(catalogue.toBytes(), before);
  mergeOf([1, 0, 0, 0, ...largest])();
  assert.ok(catalogue.prior("i1") > 0.98e15);
  await rejects(
    () => built(catalogue, [PRIORS, Uint8Array.of(0, 0)], (builder) => builder.finish()),
    "corrupt",
    /section 17 has 2 bytes/,
  );
});
