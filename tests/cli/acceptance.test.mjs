// The promise of the README: the history of one user of food, sport and animal emoji, and the embedded catalogue.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { emoji, fixture, json, pocketsage, root } from "./run.mjs";

const GROUPS = ["activities", "animals-nature", "food-drink"];

const check = ({ interests, recommendations }) => {
  assert.ok(interests.length >= 3, `${interests.length} interests`);
  const medoids = new Set(interests.map((interest) => interest.payload.group));
  assert.deepEqual([...medoids].sort(), GROUPS);
  assert.equal(recommendations.length, 20);
  const ofTheThree = recommendations.filter(({ payload }) => GROUPS.includes(payload.group));
  assert.ok(ofTheThree.length >= 16, `${ofTheThree.length} of 20 belong to the three kinds`);
};

test("three interests, one of each kind; at least 16 of 20 recommendations are of the three kinds", async () => {
  const args = ["recommend", "--catalogue", emoji, "--actions", fixture("jsonl")];
  check(await json(args));
  check(await json([...args, "--now", "2026-01-31T00:00:00Z"]));
});

test("the result has the shape that --help tells", async () => {
  const result = await json([
    "recommend",
    "--catalogue",
    emoji,
    "--actions",
    fixture("jsonl"),
    "--now",
    "2026-01-31",
  ]);
  assert.deepEqual(Object.keys(result), ["interests", "recommendations"]);
  const acted = new Set(result.interests.flatMap(({ items }) => items));
  assert.equal(acted.size, 24);
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
    assert.ok(!acted.has(item), `${item} was acted on`);
    assert.ok(score > 0 && score <= 1);
    assert.ok(medoids.includes(because.medoid));
    assert.ok(because.nearest.length > 0 && because.nearest.every((own) => acted.has(own)));
    assert.equal(typeof payload.label, "string");
  }
});

test("the same moment gives the same bytes, and the same file tells the same through npx", async () => {
  const args = [
    "recommend",
    "--catalogue",
    emoji,
    "--actions",
    fixture("jsonl"),
    "--now",
    "1769817600000",
    "--json",
  ];
  const { stdout } = await pocketsage(args);
  assert.equal((await pocketsage(args)).stdout, stdout);
  const npx = await promisify(execFile)("npx", ["--no-install", "pocketsage", ...args], {
    cwd: root,
    timeout: 60_000,
  });
  assert.equal(npx.stdout, stdout);
});

test("for people: every interest and every recommendation with its emoji and its name", async () => {
  const { code, stdout } = await pocketsage([
    "recommend",
    "--catalogue",
    emoji,
    "--actions",
    fixture("jsonl"),
    "--now",
    "2026-01-31",
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d interests in 24 actions$/m);
  assert.match(stdout, /^20 recommendations$/m);
  assert.match(stdout, /basketball/);
  const ranked = stdout.split("\n").filter((line) => /^ +\d+ +0\.\d{3} /.test(line));
  assert.equal(ranked.length, 20);
  assert.ok(ranked.every((line) => /\p{Emoji}/u.test(line)));
});
