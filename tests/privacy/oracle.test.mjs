// The mechanism against an independent implementation: OpenDP where Python has it (`npm run
// test:privacy` installs it), and decimals of 60 digits.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { subsetMechanism } from "../../pkg/privacy/subset.js";
import { printFigure } from "./world.mjs";

const python = process.env.PRIVACY_PYTHON ?? "python3";
const script = fileURLToPath(new URL("oracle.py", import.meta.url));
const hasPython = spawnSync(python, ["--version"]).status === 0;

test("epsilon equals that of the oracle", { skip: !hasPython && "python3 is missing" }, () => {
  const cases = [];
  for (const cells of [2, 12, 256, 4096])
    for (const size of [1, 2, 16])
      for (const epsilon of [0.5, 2, 6])
        if (size < cells) {
          const { threshold, epsilon: realised } = subsetMechanism({ cells, size, epsilon });
          cases.push({ cells, size, epsilon, threshold, realised });
        }
  const input = cases.map((one) => `${JSON.stringify(one)}\n`).join("");
  const { stdout, stderr, status } = spawnSync(python, [script], { input, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const results = stdout.trim().split("\n").map(JSON.parse);
  assert.equal(results.length, cases.length);
  let compared = 0;
  for (const { decimal, opendp, z } of results) {
    assert.ok(decimal < 1e-9, `${decimal}`);
    if (opendp === null) continue;
    compared += 1;
    assert.ok(opendp < 1e-9 && z < 5, `${opendp} ${z}`);
  }
  const version = results[0].version;
  printFigure("epsilon of 60-digit decimals: cases, largest difference < 1e-9", cases.length);
  printFigure(
    version ? `OpenDP ${version}: cases compared` : "OpenDP: not installed, cases compared",
    compared,
  );
});
