// Options of the benches, and one run of the Ward bench: its smallest task, with contestants that
// need nothing but the package.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { browserOptions, wardOptions } from "../../bench/options.mjs";
import { measureWard } from "../../bench/ward/measure.mjs";

test("without options, every contestant takes part except those on request", () => {
  const { sizes, dims, data, only, json } = wardOptions([]);
  assert.deepEqual(
    [sizes, dims, data, json],
    [[100, 300, 1000, 3000, 10_000, 50_000], [64, 256, 384], ["mixture", "emoji"], false],
  );
  assert.ok(
    only.includes("ours") && only.includes("kodama-wasm") && !only.includes("fastcluster-vector"),
  );
});

test("filters: sizes are sorted, names keep the order of the contestants", () => {
  const { sizes, only } = wardOptions([
    "--sizes",
    "1000,300,300",
    "--only",
    "fastcluster,ours",
    "--json",
  ]);
  assert.deepEqual(
    [sizes, only],
    [
      [300, 1000],
      ["ours", "fastcluster"],
    ],
  );
  assert.deepEqual(browserOptions(["--dims", "256"]).dims, [256]);
});

for (const [words, why] of [
  [["--size", "3"], /The options are --sizes a,b,\.\.\., --dims/],
  [["--sizes", "3a"], /--sizes: saw "3a", expected whole numbers from 1/],
  [["--only", "unknown"], /--only: unknown name "unknown"; the names are ours,/],
  [["--figures", "--quick"], /use --figures without --quick/],
]) {
  test(`refused: ${words.join(" ")}`, () => assert.throws(() => wardOptions(words), why));
}

for (const name of ["ward/main", "runtimes/browser"]) {
  test(`${name} reports an unknown option before it starts`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      fileURLToPath(import.meta.resolve(`../../bench/${name}.mjs`)),
      "--nonsense",
    ]);
    assert.deepEqual([status, String(stdout)], [1, ""]);
    assert.match(String(stderr), /^\nUnknown option '--nonsense'/);
  });
}

test("the smallest task, in Node", { timeout: 60_000 }, async () => {
  const only = ["ours", "ours-profile", "ml-hclust"];
  const { results, first, skipped } = await measureWard({
    sizes: [100],
    dims: [64],
    data: ["mixture"],
    only,
    quick: true,
  });
  assert.deepEqual([results.length, first, skipped], [1, undefined, []]);
  const [{ contestants, absent }] = results;
  assert.deepEqual([contestants.map(({ name }) => name), absent], [only, []]);
  assert.deepEqual(contestants[0].ratio, { cpu: 1, wall: 1 });
  for (const { name, cpu, wall, isolated, calls, ratio } of contestants) {
    assert.ok(cpu > 0 && wall > 0 && calls > 0 && ratio.wall > 0, name);
    assert.ok(isolated.cpu > 0 && isolated.wall > 0 && isolated.ratio.cpu > 0, name);
  }
  assert.equal(contestants[2].sameTree, true);
});
