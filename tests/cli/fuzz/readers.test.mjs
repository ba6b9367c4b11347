// A short run of the fuzzers; `npm run test:fuzz-readers` runs a million files of each format.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzParquet } from "./parquet.mjs";
import { fuzzFormat } from "./text.mjs";

for (const format of ["csv", "json", "npy"]) {
  test(`${format}: random files are read back, mutated ones read or refused`, async () => {
    const { equal, read, refused } = await fuzzFormat(format, 2000);
    assert.equal(equal, 1000);
    assert.ok(read > 0 && refused > 0, `${read} read, ${refused} refused`);
  });
}

test("parquet: random files are read back, mutated ones read, refused or stopped", async () => {
  const { equal, refused } = await fuzzParquet(600);
  assert.equal(equal, 300);
  assert.ok(refused > 0);
});
