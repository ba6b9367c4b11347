// Validation in record(). A rejected call leaves the history unchanged, byte for byte.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSage } from "pocketsage";
import { actionsOn, DIM, NOW, rejects, smallCatalogue, vectorOf } from "./world.mjs";

const catalogue = await smallCatalogue();
const before = actionsOn("food-1", "sport-1", "animal-1");

/** Assert that recording `given` is rejected and leaves a non-empty history unchanged. */
async function refuses(given, code, message, options = { catalogue }) {
  const sage = await openSage({ now: () => NOW, ...options });
  await sage.record(
    options.catalogue
      ? before
      : before.map((action) => ({ ...action, vector: vectorOf(action.item) })),
  );
  const bytes = await sage.export();
  await rejects(sage.record(given), code, message);
  assert.deepEqual(await sage.export(), bytes, "the history is unchanged");
  await sage.record({ item: "food-2", vector: vectorOf("food-2") });
  assert.equal((await sage.profile()).actions, 4, "recording still works");
}

test("a vector of the wrong dimension is refused, naming the action", () =>
  refuses(
    [{ item: "food-2" }, { item: "x", vector: new Float32Array(3) }],
    "dimension",
    /action 1 \("x"\).*has 3 components, expected 8/,
  ));

test("NaN in a vector is refused, naming action and component", () => {
  const vector = vectorOf("food-2");
  vector[5] = NaN;
  return refuses(
    [{ item: "food-2" }, { item: "food-3" }, { item: "x", vector }],
    "not-finite",
    /action 2 \("x"\).*component 5.*NaN/,
  );
});

test("infinity in a vector is refused, naming action and component", () => {
  const vector = vectorOf("food-2");
  vector[0] = -Infinity;
  return refuses({ item: "x", vector }, "not-finite", /action 0 \("x"\).*component 0.*-Infinity/);
});

test("a vector of strings is refused", () =>
  refuses(
    { item: "x", vector: ["1", 2, 3, 4, 5, 6, 7, 8] },
    "option",
    /expected a Float32Array or another array of numbers, saw an array/,
  ));

test("an unknown item without a vector is refused", () =>
  refuses(
    [{ item: "food-2" }, { item: "ghost" }],
    "unknown-item",
    /action 1 \("ghost"\).*not in the catalogue, unlike "food-0"\..*\{ item, vector \}/,
  ));

test("without a catalogue every item needs its vector", () =>
  refuses({ item: "food-1" }, "unknown-item", /without a catalogue every action needs a vector/, {
    dim: DIM,
  }));

test("a timestamp that is NaN is refused", () =>
  refuses({ item: "food-1", at: NaN }, "not-finite", /\("food-1"\): at.*NaN/));
test("a timestamp that is infinite is refused", () =>
  refuses({ item: "food-1", at: Infinity }, "not-finite", /at.*Infinity/));
test("a timestamp that is an invalid Date is refused", () =>
  refuses(
    { item: "food-1", at: new Date(NaN) },
    "not-finite",
    /at: expected milliseconds .* saw a Date/,
  ));
test("a weight of 0 is refused", () =>
  refuses(
    { item: "food-1", weight: 0 },
    "option",
    /weight: expected a number from 0.000001 to 1000000 \(negated: a dislike\), saw 0\. Divide/,
  ));
test("a negative weight beyond the range is refused", () =>
  refuses({ item: "food-1", weight: -2e6 }, "option", /weight.*from 0.000001.*saw -2000000/));
test("a weight that is NaN is refused", () =>
  refuses({ item: "food-1", weight: NaN }, "not-finite", /weight.*NaN/));
test("an empty id is refused", () =>
  refuses({ item: "" }, "option", /action 0: item: expected.*non-empty string, saw ""/));
test("an id that is a number is refused", () => refuses({ item: 7 }, "option", /saw 7/));
test("a kind that is no string is refused", () =>
  refuses({ item: "food-1", kind: 3 }, "option", /kind: expected a string, saw 3/));
test("a misspelt field is refused", () =>
  refuses({ item: "food-1", wieght: 3 }, "option", /unknown option "wieght".*weight/));
test("null instead of an action is refused", () =>
  refuses(null, "option", /action 0: expected an object, saw null/));

test("one invalid action among a thousand rejects all of them", () => {
  const many = Array.from({ length: 1000 }, (_, index) => ({
    item: "food-1",
    at: index === 999 ? NaN : index,
  }));
  return refuses(many, "not-finite", /action 999/);
});

test("an empty list of actions is accepted", async () => {
  const sage = await openSage({ catalogue });
  await sage.record([]);
  assert.equal((await sage.profile()).actions, 0);
});

test("record copies vectors", async () => {
  const sage = await openSage({ dim: DIM });
  const vector = vectorOf("food-1");
  await sage.record({ item: "food-1", vector });
  vector.fill(9);
  const { interests } = await sage.profile();
  assert.deepEqual(interests[0].vector, vectorOf("food-1"));
});

test("`at` defaults to the clock", async () => {
  const sage = await openSage({ catalogue, now: () => NOW });
  await sage.record({ item: "food-1" });
  assert.equal((await sage.profile()).interests[0].lastActive, NOW);
});

test("undefined fields count as absent", async () => {
  const sage = await openSage({ catalogue, now: () => NOW });
  await sage.record({
    item: "food-1",
    vector: undefined,
    at: undefined,
    weight: undefined,
    kind: undefined,
  });
  assert.equal((await sage.profile()).interests[0].lastActive, NOW);
});

test("the `vectors` option is called once, for the items without any known vector", async () => {
  const requested = [];
  const vectors = async (items) => {
    requested.push(items);
    return items.map((item) => (item === "ghost" ? undefined : vectorOf("food-1")));
  };
  const sage = await openSage({ catalogue, vectors, now: () => NOW });
  await sage.record([
    { item: "food-2" },
    { item: "new-1" },
    { item: "new-2", vector: vectorOf("food-3") },
    { item: "new-1" },
    { item: "new-3" },
  ]);
  assert.deepEqual(requested, [["new-1", "new-3"]]);
  assert.equal((await sage.profile()).actions, 5);
  await rejects(sage.record([{ item: "food-4" }, { item: "ghost" }]), "unknown-item", /ghost/);
  assert.equal((await sage.profile()).actions, 5);
  const failing = await openSage({ dim: DIM, vectors: () => Promise.reject(new Error("down")) });
  await rejects(failing.record({ item: "new-1" }), "retrieval", /nothing was recorded.*down/);
});
