// A short run of every fuzz target; `npm run test:fuzz` runs a million inputs of each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz, SLOW_TARGETS, TARGET_NAMES } from "./run.mjs";
import { columnarTarget } from "./targets/columnar.mjs";

for (const name of TARGET_NAMES) {
  test(`${name}: valid inputs keep their meaning, mutated ones are read or refused`, async () => {
    const runs = SLOW_TARGETS.includes(name) ? 600 : 3000;
    const { equal, read, refused } = await fuzz(name, runs);
    assert.equal(equal, runs / 2);
    assert.ok(read > 0 && refused > 0, `${read} read, ${refused} refused`);
  });
}

for (const name of SLOW_TARGETS) {
  test(`${name}: a process that ended between two files is replaced`, async () => {
    const target = columnarTarget(name);
    for (const seed of [1, 3]) {
      assert.equal(await target.run(seed, false), "equal");
      await target.crash();
    }
    // Killed while a message is under way.
    const run = target.run(5, false);
    await target.crash();
    assert.equal(await run, "equal");
    target.close();
  });
}
