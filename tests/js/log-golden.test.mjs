// Logs of every format version, written by tests/golden/log/make.mjs, open in this version.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { init, memoryStore, openSage } from "pocketsage";
import { decodeLog, encodeLog } from "../../pkg/sage/log-format.js";
import { DAY, DIM, NOW, smallCatalogue } from "./world.mjs";

await init();
const catalogue = await smallCatalogue();
const golden = async (version) =>
  new Uint8Array(
    await readFile(new URL(`../golden/log/version-${version}.sage-log`, import.meta.url)),
  );
const DERIVED_IDS = [
  "7146986b33cd52e1",
  "17a9d0bdb7e01061",
  "0b3ade3721e6d101",
  "a6f4f178016b59a7",
];
const vector = Float32Array.of(1, 0.5, -0.25, 0, 0, 0, 0, 2);

test("a version 1 store opens, is kept, and becomes version 2 with the next change", async () => {
  const store = memoryStore();
  await store.save(await golden(1));
  const sage = await openSage({ catalogue, store, now: () => NOW });
  const actions = [
    { item: "food-1", at: NOW },
    { item: "food-1", at: NOW },
    { item: "food-1", at: NOW - 60_000, weight: 2.5, vector },
    { item: "own ünïcode 🍕", at: -5.25, kind: "save", vector },
  ];
  assert.deepEqual(await sage.actions(), actions);
  assert.deepEqual(await sage.hidden(), ["animal-1"]);
  assert.deepEqual(await store.load(), await golden(1));
  await sage.record({ item: "sport-1", at: NOW });
  const again = await openSage({ catalogue, store, now: () => NOW });
  assert.deepEqual(await again.actions(), [{ item: "sport-1", at: NOW }, ...actions]);
});

test("the ids derived for version 1 are the same in every build", async () => {
  const { entries } = decodeLog(await golden(1), DIM);
  assert.deepEqual(
    entries.map(({ counter, device }) => [counter, device]),
    DERIVED_IDS.map((id) => [0, id]),
  );
});

test("a log of version 2 decodes to its operations, and encodes to the same bytes", async () => {
  const bytes = await golden(2);
  const log = decodeLog(bytes, DIM);
  assert.equal(log.space, "example-model");
  const [first, second] = ["00112233445566ff", "8899aabbccddeeff"];
  assert.deepEqual(log.entries, [
    { item: "food-1", at: NOW, counter: 1, device: first },
    { item: "own ünïcode 🍕", at: -5.25, kind: "save", vector, counter: 5, device: first },
    {
      item: "food-1",
      at: NOW - 60_000,
      weight: 2.5,
      vector,
      counter: 5,
      device: second,
      after: [
        { counter: 3, device: second },
        { counter: 4, device: first },
      ],
    },
  ]);
  assert.deepEqual(log.marks, [{ item: "animal-1", counter: 6, device: first }]);
  assert.deepEqual(log.tombstones[0].after, [{ counter: 1, device: second }]);
  assert.equal(log.tombstones[1].from, null);
  assert.deepEqual(encodeLog(log, DIM), bytes);
  const sage = await openSage({ dim: DIM, now: () => NOW + DAY });
  await sage.import(bytes);
  assert.deepEqual(await sage.actions(), [
    { item: "food-1", at: NOW - 60_000, weight: 2.5, vector },
  ]);
});
