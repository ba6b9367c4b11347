// Acceptance: a user who picked food, sport and animal emoji, and the embedded catalogue.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { emoji, fixture, json, pocketsage, root } from "./run.mjs";

const GROUPS = ["activities", "animals-nature", "food-drink"];
const recommendArgs = ["recommend", "--catalogue", emoji, "--actions", fixture("jsonl")];
const NOW = "2026-01-31";

const checkGroups = ({ interests, recommendations }) => {
  assert.ok(interests.length >= 3, `${interests.length} interests`);
  const medoidGroups = new Set(interests.map((interest) => interest.payload.group));
  assert.deepEqual([...medoidGroups].sort(), GROUPS);
  assert.equal(recommendations.length, 20);
  const inGroups = recommendations.filter(({ payload }) => GROUPS.includes(payload.group));
  assert.ok(inGroups.length >= 16, `${inGroups.length} of 20 are in the three groups`);
};

test("one interest per emoji group; 16 of 20 recommendations in the groups", async () => {
  checkGroups(await json(recommendArgs));
  checkGroups(await json([...recommendArgs, "--now", "2026-01-31T00:00:00Z"]));
});

test("the result has the fields listed in --help", async () => {
  const result = await json([...recommendArgs, "--now", NOW]);
  assert.deepEqual(Object.keys(result), ["interests", "recommendations"]);
  const actedOn = new Set(result.interests.flatMap(({ items }) => items));
  assert.equal(actedOn.size, 24);
  const shares = result.interests.map(({ importance }) => importance);
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => b - a),
  );
  for (const interest of result.interests) {
    assert.deepEqual(Object.keys(interest), [
      "medoid",
      "importance",
      "items",
      "lastActive",
      "payload",
    ]);
    assert.ok(interest.items.includes(interest.medoid));
  }
  const medoids = result.interests.map(({ medoid }) => medoid);
  assert.equal(new Set(result.recommendations.map(({ item }) => item)).size, 20);
  for (const { item, score, because, payload } of result.recommendations) {
    assert.ok(!actedOn.has(item), `${item} was acted on`);
    assert.ok(score > 0 && score <= 1);
    assert.ok(medoids.includes(because.medoid));
    assert.ok(because.nearest.length > 0 && because.nearest.every((item) => actedOn.has(item)));
    assert.equal(typeof payload.label, "string");
  }
});

test("equal --now gives equal bytes, also through npx", async () => {
  const args = [...recommendArgs, "--now", String(Date.parse(NOW)), "--json"];
  const { stdout } = await pocketsage(args);
  assert.equal((await pocketsage(args)).stdout, stdout);
  const npx = await promisify(execFile)("npx", ["--no-install", "pocketsage", ...args], {
    cwd: root,
    timeout: 60_000,
  });
  assert.equal(npx.stdout, stdout);
});

test("text output: every interest and recommendation with emoji and name", async () => {
  const { code, stdout } = await pocketsage([...recommendArgs, "--now", NOW]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d interests in 24 actions$/m);
  assert.match(stdout, /^20 recommendations$/m);
  assert.match(stdout, /basketball/);
  const ranked = stdout.split("\n").filter((line) => /^ +\d+ +0\.\d{3} /.test(line));
  assert.equal(ranked.length, 20);
  assert.ok(ranked.every((line) => /\p{Emoji}/u.test(line)));
});
