// Filters, paging, minimum score and metrics, compared with a plain loop over the items.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue } from "pocketsage";
import { rejects, seeded } from "./world.mjs";

const random = seeded(7);
const DIM = 12;
const KINDS = ["red", "green", "blue", "é", "👍", "ﬀ"];
const randomSubset = (list) => list.filter(() => random() < 0.4);
const items = Array.from({ length: 150 }, (_, row) => {
  const payload = {
    price: row % 7 === 0 ? null : Math.floor(random() * 20),
    kind: KINDS[row % 6],
    tags: randomSubset(KINDS),
    sold: row % 3 === 0,
  };
  if (row % 11 === 0) delete payload.tags;
  return [
    `item ${row}`,
    Float32Array.from({ length: DIM }, () => random() - 0.5),
    row % 13 === 0 ? undefined : payload,
  ];
});
const attributes = ["price", "kind", "tags", "sold"];
const catalogue = await Catalogue.from(items, { dim: DIM, attributes });
const query = items[3][1];

/** The definition of a filter. */
function meets(payload, filter) {
  if ("all" in filter) return filter.all.every((part) => meets(payload, part));
  if ("any" in filter) return filter.any.some((part) => meets(payload, part));
  if ("not" in filter) return !meets(payload, filter.not);
  const values = [payload?.[filter.field] ?? []].flat();
  if ("is" in filter) return values.includes(filter.is);
  if ("in" in filter) return values.some((value) => filter.in.includes(value));
  return values.some(
    (value) => value >= (filter.from ?? -Infinity) && value <= (filter.to ?? Infinity),
  );
}

const number = fc.integer({ min: -1, max: 21 });
const leaf = fc.oneof(
  fc.record({ field: fc.constant("price"), is: number }),
  fc.record({ field: fc.constant("price"), in: fc.array(number, { minLength: 1, maxLength: 4 }) }),
  fc.record({ field: fc.constant("price"), from: number, to: number }),
  fc.record({ field: fc.constant("price"), from: number }),
  fc.record({ field: fc.constantFrom("kind", "tags"), is: fc.constantFrom(...KINDS, "no kind") }),
  fc.record({
    field: fc.constantFrom("kind", "tags"),
    in: fc.subarray([...KINDS, "no kind"], { minLength: 1 }),
  }),
  fc.record({ field: fc.constant("sold"), is: fc.boolean() }),
);
const { filter } = fc.letrec((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    tie("all"),
    tie("any"),
    tie("not"),
  ),
  all: fc.record({ all: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }) }),
  any: fc.record({ any: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }) }),
  not: fc.record({ not: tie("filter") }),
}));

test("a filtered search is a page of the full search without items that fail the filter", () => {
  const allHits = catalogue.search(query, { count: 150 });
  fc.assert(
    fc.property(
      filter,
      fc.nat(20),
      fc.integer({ min: 1, max: 30 }),
      fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
      (condition, offset, count, minimum) => {
        const payloads = new Map(items.map(([item, , payload]) => [item, payload]));
        const expected = allHits.filter(
          ({ item, score }) =>
            meets(payloads.get(item), condition) &&
            (minimum === null || score >= Math.fround(minimum)),
        );
        const options = {
          filter: condition,
          offset,
          count,
          ...(minimum === null ? {} : { minScore: minimum }),
        };
        assert.deepEqual(catalogue.search(query, options), expected.slice(offset, offset + count));
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

test("filters work on a catalogue read from its bytes", async () => {
  const again = await Catalogue.fromBytes(catalogue.toBytes());
  assert.deepEqual(again.attributes(), attributes);
  const condition = { all: [{ field: "tags", is: "👍" }, { not: { field: "price", from: 10 } }] };
  assert.deepEqual(
    again.search(query, { filter: condition }),
    catalogue.search(query, { filter: condition }),
  );
  assert.ok(again.search(query, { filter: condition }).length > 3);
});

const wrong = [
  [
    "an unknown attribute",
    { field: "size", is: 1 },
    /no attribute "size"\. Known: price, kind, tags, sold/,
  ],
  ["a string compared with numbers", { field: "price", is: "3" }, /"price" holds numbers/],
  ["a number compared with strings", { field: "kind", from: 3 }, /"kind" holds strings/],
  ["empty", {}, /expected one of/],
  ["without a field", { is: 3 }, /expected one of/],
  ["two conditions at once", { field: "price", is: 3, in: [4] }, /expected one of/],
  ["an empty list", { any: [] }, /expected a list that is not empty/],
  [
    "an object as a value",
    { field: "price", is: {} },
    /expected strings or booleans, or finite numbers only, saw an Object/,
  ],
  ["undefined as a value", { field: "kind", is: undefined }, /saw undefined/],
  ...[NaN, Infinity, -Infinity].flatMap((number) => [
    [`${number} as a value`, { field: "price", is: number }, /finite numbers only, saw/],
    [`${number} in a list`, { field: "price", in: [1, number] }, /finite numbers only, saw/],
    [`${number} among strings`, { field: "kind", in: ["a", number] }, /finite numbers only, saw/],
    [`${number} as an end`, { field: "price", from: number }, /expected finite numbers for from/],
    [`${number} as the other end`, { not: { field: "price", from: 1, to: number } }, /finite/],
  ]),
  ["a misspelt key", { fields: "price", is: 3 }, /unknown option "fields"/],
  ["null", null, /expected an object/],
];
for (const [what, value, message] of wrong) {
  test(`filter refused: ${what}`, () =>
    rejects(() => catalogue.search(query, { filter: value }), "option", message));
}

test("the error for an unknown attribute names the remedy where there are none", async () => {
  const plain = await Catalogue.from([["a", Float32Array.of(1)]], { dim: 1 });
  await rejects(
    () => plain.search(Float32Array.of(1), { filter: { field: "a", is: 1 } }),
    "option",
    /Known: none; build the catalogue with attributes/,
  );
});

test("invalid attribute values are refused, naming the item", async () => {
  const one = Float32Array.of(1);
  const from = (...payloads) =>
    Catalogue.from(
      payloads.map((payload, at) => [`${at}`, one, payload]),
      { dim: 1, attributes: ["x"] },
    );
  await rejects(
    from({ x: 1 }, { x: "1" }),
    "option",
    /attributes: "x" of item 1: expected a finite number, as before, saw "1"/,
  );
  await rejects(
    from({ x: "1" }, { x: 1 }),
    "option",
    /"x" of item 1: expected well-formed strings or booleans, saw 1/,
  );
  await rejects(from({ x: { deep: 1 } }), "option", /"x" of item 0: .* saw an Object/);
  await rejects(from({ x: ["a", undefined] }), "option", /"x" of item 0: .* saw undefined/);
  // UTF-8 would make them the same label.
  await rejects(from({ x: ["\ud800"] }), "option", /"x" of item 0: .* saw "\\ud800"/);
  assert.deepEqual((await from({ x: null }, "text", 7)).attributes(), ["x"]);
});

test("what a payload inherits is not an attribute", async () => {
  const names = ["constructor", "__proto__", "toString"];
  const payloads = [{}, Object.create({ toString: "inherited" }), JSON.parse('{"toString":"own"}')];
  const catalogue = await Catalogue.from(
    payloads.map((payload, at) => [`${at}`, Float32Array.of(1), payload]),
    { dim: 1, attributes: names },
  );
  const found = (is) =>
    catalogue.search([1], { filter: { field: "toString", is } }).map(({ item }) => item);
  assert.deepEqual([found("own"), found("inherited")], [["2"], []]);
});

test("inner product and L2 rank like a plain loop", async () => {
  const product = (a, b) => a.reduce((sum, x, axis) => sum + x * b[axis], 0);
  const score = {
    ip: product,
    l2: (a, b) => -a.reduce((sum, x, axis) => sum + (x - b[axis]) ** 2, 0),
  };
  for (const [metric, of] of Object.entries(score)) {
    const here = await Catalogue.from(items, { dim: DIM, metric });
    assert.equal((await Catalogue.fromBytes(here.toBytes())).metric, metric);
    const expected = items
      .map(([item]) => ({ item, score: of(query, here.vector(item)) }))
      .sort((a, b) => b.score - a.score);
    const hits = here.search(query, { count: 150 });
    hits.forEach((hit, rank) =>
      assert.ok(Math.abs(hit.score - expected[rank].score) < 1e-5, `${metric} ${rank}`),
    );
    assert.equal(hits[0].item, expected[0].item);
  }
  await rejects(
    Catalogue.from(items, { dim: DIM, metric: "manhattan" }),
    "option",
    /metric: expected "cosine" or "ip" or "l2", saw "manhattan"/,
  );
});
