// Hostile input: damaged bytes and invalid items are refused with an error code, and nothing worse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalogue } from "pocketsage";
import { readAttributes } from "../../pkg/catalogue/attributes.js";
import { rejects, seeded } from "./world.mjs";

const DIM = 4;
const vector = (...numbers) => Float32Array.from({ length: DIM }, (_, axis) => numbers[axis] ?? 0);
const items = Array.from({ length: 9 }, (_, row) => [
  `é${row}`,
  vector(1, row, -row),
  { price: row, kind: ["a", "ü", "👍"][row % 3] },
]);
const validBytes = (
  await Catalogue.from(items, { dim: DIM, metric: "l2", attributes: ["price", "kind"] })
).toBytes();
const from = (entries, options) => Catalogue.from(entries, { dim: DIM, ...options });
const altered = (change) => {
  const bytes = validBytes.slice();
  change(bytes, new DataView(bytes.buffer));
  return bytes;
};

/** Offsets at which the sections begin and end. */
const sections = Array.from(
  { length: new DataView(validBytes.buffer).getUint32(48, true) },
  (_, at) => {
    const view = new DataView(validBytes.buffer, 64 + 24 * at);
    return [
      Number(view.getBigUint64(8, true)),
      Number(view.getBigUint64(8, true) + view.getBigUint64(16, true)),
    ];
  },
);

test("arrays and streams truncated at or near a section boundary are refused", async () => {
  assert.equal(sections.length, 10);
  for (const edge of [0, 1, 8, 63, 64, 65, ...sections.flat(), validBytes.length - 1]) {
    for (const length of [edge - 1, edge, edge + 1].filter(
      (length) => length >= 0 && length < validBytes.length,
    )) {
      const bytes = validBytes.subarray(0, length);
      await rejects(Catalogue.fromBytes(bytes), "corrupt", /Fetch or build the file again/);
      await rejects(Catalogue.fromBytes(new Blob([bytes]).stream()), "corrupt", /./);
    }
  }
  await rejects(
    Catalogue.fromBytes(new Blob([validBytes, new Uint8Array(1)]).stream()),
    "corrupt",
    /more bytes/,
  );
  assert.equal((await Catalogue.fromBytes(new Blob([validBytes]).stream())).size, 9);
});

test("bytes with a flipped bit are refused (every seventh bit)", async () => {
  for (let bit = 0; bit < validBytes.length * 8; bit += 7) {
    const bytes = altered((all) => (all[bit >> 3] ^= 1 << (bit & 7)));
    await assert.rejects(
      Catalogue.fromBytes(bytes),
      ({ code }) => code === "corrupt" || code === "version",
      `bit ${bit}`,
    );
  }
});

const wrong = [
  [
    "bytes of another kind",
    new TextEncoder().encode("<!doctype html>".repeat(9)),
    "corrupt",
    /begin with SAGE-CAT/,
  ],
  ["a newer version", altered((_, view) => view.setUint32(16, 2, true)), "version", /2/],
  [
    "a length of 2^63",
    altered((_, view) => view.setBigUint64(40, 2n ** 63n, true)),
    "corrupt",
    /expected/,
  ],
  [
    "a moved section",
    altered((_, view) => view.setBigUint64(72, 2n ** 64n - 64n, true)),
    "corrupt",
    /hash/,
  ],
];
for (const [what, bytes, code, message] of wrong)
  test(`${what}: ${code}`, () => rejects(Catalogue.fromBytes(bytes), code, message));

test("a stream whose header states a length beyond the memory is refused", async () => {
  const huge = altered((_, view) => view.setBigUint64(40, 2n ** 40n, true));
  await rejects(Catalogue.fromBytes(new Blob([huge]).stream()), "memory", /compact|split/);
  assert.equal((await Catalogue.fromBytes(validBytes)).size, 9);
});

test("an empty catalogue has no items and finds none", async () => {
  const empty = await Catalogue.fromBytes((await from([])).toBytes());
  assert.deepEqual([empty.size, empty.search(vector(1)), [...empty.ids()]], [0, [], []]);
});

const wrongItems = [
  [
    "an id twice",
    [
      ["a", vector(1)],
      ["b", vector(2)],
      ["a", vector(3)],
    ],
    "option",
    /"a" is the id of rows 0 and 2/,
  ],
  [
    "vectors of two lengths",
    [
      ["a", vector(1)],
      ["b", new Float32Array(5)],
    ],
    "dimension",
    /item 1 \("b"\): the vector has 5 components, expected 4/,
  ],
  [
    "a component that is not finite",
    [
      ["a", vector(1)],
      ["b", vector(1, Infinity)],
    ],
    "not-finite",
    /item 1 \("b"\): component 1 of the vector is Infinity/,
  ],
  [
    "an id of more than 64 KB",
    [
      ["a", vector(1)],
      ["x".repeat(65_536), vector(1)],
    ],
    "option",
    /item 1: expected an item's id.*at most 65535 bytes/,
  ],
  ["an empty id", [["", vector(1)]], "option", /non-empty string/],
];
for (const [what, entries, code, message] of wrongItems)
  test(`${what}: ${code}, naming the row`, () => rejects(from(entries), code, message));

test("a count above the size returns all items; invalid counts are refused", async () => {
  const catalogue = await Catalogue.fromBytes(validBytes);
  assert.equal(catalogue.search(vector(1), { count: 1e9 }).length, 9);
  assert.deepEqual(catalogue.search(vector(1), { count: 5, offset: 1e9 }), []);
  for (const count of [0, -1, 1.5, NaN, "3"])
    await rejects(
      () => catalogue.search(vector(1), { count }),
      "option",
      /search: count: expected a whole number/,
    );
  for (const offset of [-1, 0.5])
    await rejects(() => catalogue.search(vector(1), { offset }), "option", /search: offset/);
  await rejects(() => catalogue.search(vector(1), { minScore: NaN }), "not-finite", /minScore/);
  await rejects(
    () => catalogue.search(vector(1), { filter: { field: "size", is: 1 } }),
    "option",
    /no attribute "size"\. Known: price, kind/,
  );
});

test("attributes read from random bytes fit their rows or are corrupt", () => {
  const [start, end] = sections.find(
    ([at]) =>
      new DataView(
        validBytes.buffer,
        64 + 24 * sections.findIndex(([other]) => other === at),
      ).getUint32(0, true) === 10,
  );
  const section = validBytes.slice(start, end);
  assert.deepEqual([...readAttributes(section, 9).keys()], ["price", "kind"]);
  const random = seeded(5);
  const values = [0, 1, 2, 255, 2 ** 31, 2 ** 32 - 1];
  let validRuns = 0;
  for (let run = 0; run < 20_000; run += 1) {
    const bytes = section.slice(
      0,
      random() < 0.1 ? Math.floor(random() * section.length) : section.length,
    );
    for (let change = 0; change <= random() * 3 && bytes.length >= 4; change += 1) {
      const at = Math.floor((random() * bytes.length) / 4) * 4;
      if (random() < 0.5 && at + 4 <= bytes.length)
        new DataView(bytes.buffer).setUint32(
          at,
          values[Math.floor(random() * values.length)],
          true,
        );
      else bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    try {
      for (const column of readAttributes(bytes, 9).values()) {
        if (column.numeric) assert.equal(column.numbers.length, 9);
        else
          assert.ok(
            column.ends.length === 9 &&
              column.labelIndices.every((index) => index < column.dictionary.length),
          );
      }
      validRuns += 1;
    } catch (error) {
      assert.equal(error.code, "corrupt", error.stack);
    }
  }
  assert.ok(validRuns > 1000 && validRuns < 19_000, `${validRuns} of 20,000 are valid`);
});
