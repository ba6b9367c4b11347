// `pocketsage prior` and `build --prior`: popularity from a log of actions, or one's own numbers.
import assert from "node:assert/strict";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Catalogue } from "pocketsage";
import { PopularityCounter } from "../../pkg/cli/build/popularity.js";
import { folder, json, lines, pocketsage, things } from "./run.mjs";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 31);
const ago = (days) => new Date(NOW - days * DAY).toISOString();

const { path, put } = await folder();
const out = (name) => join(path, name);
const items = await put("items.jsonl", lines(...things));
await json(["build", items, "-o", out("plain.sage")]);
const idOf = things.map(({ id }) => id);

/** The catalogue in a file. */
const open = async (name) => Catalogue.fromBytes(await readFile(out(name)));
/** Whether a stored prior is `expected`, within the rounding of the file. */
const isNear = (prior, expected) => Math.abs(prior - expected) <= 0.004 * (1 + expected);

async function assertPriors(name, expected) {
  const catalogue = await open(name);
  for (const id of idOf) {
    const prior = catalogue.prior(id);
    assert.ok(isNear(prior, expected[id] ?? 0), `${id}: ${prior}, expected ${expected[id] ?? 0}`);
  }
}

async function fails(args, code, message, options) {
  const result = await pocketsage(args, options);
  assert.equal(result.code, code, result.stderr);
  assert.match(result.stderr, message);
  assert.ok(result.stderr.length <= 600, result.stderr);
}

const [first, second, third] = idOf;
const log = await put(
  "log.jsonl",
  lines(
    { item: first, at: ago(0), user: "ann" },
    { item: second, at: ago(90), kind: "save", user: "bob" },
    { item: first, at: ago(180), user: "cat" },
    { item: third, at: ago(45), weight: 2 },
    { item: third, at: ago(1), weight: -1 },
    { item: "ghost", at: ago(3) },
    { item: "ghost", at: ago(4) },
  ),
);

test("an action counts half after each half-life, of all users, up to the newest", async () => {
  const report = await json(["prior", out("plain.sage"), "-a", log, "-o", out("a.sage"), "-q"]);
  assert.deepEqual(report.actions, {
    read: 7,
    counted: 4,
    later: 0,
    older: 0,
    negative: 1,
    unknown: 2,
    unknownItems: 1,
  });
  assert.equal(report.now, NOW);
  assert.deepEqual([report.items, report.priors.items], [12, 3]);
  assert.equal(report.mostPopular.length, 5);
  await assertPriors("a.sage", { [first]: 1.25, [second]: 0.5, [third]: 2 * 2 ** -0.5 });
});

test("--half-life, --window, --now and --kind; the future is not counted", async () => {
  const run = async (...options) =>
    json(["prior", "-c", out("plain.sage"), "-a", log, "-o", out("b.sage"), "-q", ...options]);
  await run("--half-life", "none", "--kind", "save=3");
  await assertPriors("b.sage", { [first]: 2, [second]: 3, [third]: 2 });
  const windowed = await run("--window", "60d", "--half-life", "45");
  assert.deepEqual([windowed.actions.counted, windowed.actions.older], [2, 2]);
  await assertPriors("b.sage", { [first]: 1, [third]: 1 });
  const earlier = await run("--now", ago(60), "--half-life", "30");
  assert.deepEqual([earlier.actions.counted, earlier.actions.later], [2, 5]);
  await assertPriors("b.sage", { [first]: 2 ** -4, [second]: 0.5 });
});

test("without -o the catalogue is replaced, and a second run replaces all priors", async () => {
  await copyFile(out("plain.sage"), out("c.sage"));
  await json(["prior", out("c.sage"), "-a", log, "-q"]);
  const only = lines({ item: second, at: ago(0) });
  const { stdout } = await pocketsage(["prior", out("c.sage"), "-a", "-", "-q"], { input: only });
  assert.match(stdout, /priors +1 item, at most 1\n/);
  assert.match(stdout, /actions +1 counted\n/);
  await assertPriors("c.sage", { [second]: 1 });
});

test("CSV, other fields and units; actions without times with --half-life none", async () => {
  const csv = await put("log.csv", `sku;seen\n${first};1769817600\n${second};1769817600\n`);
  const fields = ["--item", "sku", "--at", "seen"];
  const args = ["prior", out("plain.sage"), "-a", csv, "-o", out("d.sage"), "-q"];
  assert.equal((await json([...args, ...fields])).now, NOW);
  const timeless = await put("timeless.jsonl", lines({ item: first }, { item: first }));
  args[3] = timeless;
  await fails(args, 1, /timeless\.jsonl:1: the action has no time\. --at FIELD names its field/);
  await json([...args, "--half-life", "none"]);
  await assertPriors("d.sage", { [first]: 2 });
});

test("priors survive delta, merge, inspect and verify, and a delta of them is small", async () => {
  const [plain, a] = [out("plain.sage"), out("a.sage")];
  await json(["prior", plain, "-a", log, "-o", a, "-q"]);
  const delta = await json(["delta", plain, a, "-o", out("a.delta")]);
  assert.deepEqual([delta.changed, delta.priors, delta.dropped], [0, 3, 0]);
  const verified = await json(["verify", out("a.delta")]);
  assert.deepEqual([verified.kind, verified.items, verified.priors], ["delta", 0, 3]);
  const merged = await json(["merge", plain, out("a.delta"), "-o", out("merged.sage")]);
  const inspected = await json(["inspect", a]);
  assert.deepEqual(merged.priors, inspected.priors);
  assert.equal(merged.revision, inspected.hash);
  assert.equal((await json(["verify", out("merged.sage")])).priors, 3);
  const { prior } = await json(["inspect", out("merged.sage"), "--item", first]);
  assert.ok(isNear(prior, 1.25));
  assert.match((await pocketsage(["inspect", a, "--item", first])).stdout, /prior +1\.2/);
});

test("build --prior takes a field, which leaves the payload if it is no attribute", async () => {
  const rows = things.map((thing, row) => ({ ...thing, sales: { count: row * 10 } }));
  delete rows[3].sales;
  const file = await put("sales.jsonl", lines(...rows));
  const args = ["build", file, "-o", out("e.sage"), "--prior", "sales.count"];
  assert.equal((await json(args)).priors.items, 10);
  await assertPriors(
    "e.sage",
    Object.fromEntries(idOf.map((id, row) => [id, row === 3 ? 0 : row * 10])),
  );
  assert.equal("sales" in (await open("e.sage")).payload(idOf[1]), false);
  await json([...args, "--attribute", "sales.count"]);
  assert.equal((await open("e.sage")).payload(idOf[1])["sales.count"], 10);
  const csv = await put("sales.csv", "id;vector;sales\na;1,5 0;2,5\nb;0 1;\n");
  await json(["build", csv, "-o", out("f.sage"), "--prior", "sales", "--near-duplicates", "group"]);
  assert.ok(isNear((await open("f.sage")).prior("a"), 2.5));
  const lists = ["build", file, "-o", out("g.sage"), "--prior", "sales.count"];
  await json([...lists, "--lists", "always", "--near-duplicates", "group", "--near", "0.99"]);
  await assertPriors(
    "g.sage",
    Object.fromEntries(idOf.map((id, row) => [id, row === 3 ? 0 : row * 10])),
  );
});

test("invalid priors and options are errors with the line or the option", async () => {
  for (const sales of [-1, "x", 1e16]) {
    const rows = things.map((thing, row) => ({ ...thing, sales: row === 4 ? sales : 1 }));
    const file = await put("bad.jsonl", lines(...rows));
    const expected =
      /bad\.jsonl:5: --prior sales: expected a number from 0 to 1000000000000000, saw/;
    await fails(["build", file, "-o", out("h.sage"), "--prior", "sales"], 1, expected);
  }
  await fails(
    ["build", items, "-o", out("h.sage"), "--prior", "sold"],
    1,
    /--prior sold: no item has/,
  );
  const plain = out("plain.sage");
  const prior = (...options) => ["prior", plain, "-a", log, "-o", out("h.sage"), ...options];
  await fails(
    prior("--half-life", "0"),
    2,
    /--half-life: expected days above 0, as in 30d, saw "0"/,
  );
  await fails(prior("--half-life", "x"), 2, /--half-life: expected a number, saw "x"/);
  await fails(prior("--window=-3d"), 2, /--window: expected days above 0/);
  await fails(prior("--at", "2026-01-31"), 2, /for a time use --now 2026-01-31/);
  await fails(
    prior("--now", ago(999), "-q"),
    1,
    /no action is counted: 0 counted; left out: 7 later/,
  );
  await fails(prior("--item", "at", "-q"), 1, /no action is counted: .* not in the catalogue/);
  await fails(["prior", plain], 2, /--actions FILE is missing/);
  await fails(["prior", "-a", log], 2, /the catalogue file is missing/);
  await fails(["prior", "-", "-a", log], 2, /-o FILE is missing/);
  await fails(["prior", plain, "-a", log, "-o", log], 2, /log\.jsonl is an input of this command/);
  const bad = await put(
    "bad-log.jsonl",
    lines({ item: first, at: ago(0) }, { item: first, at: "soon" }),
  );
  await fails(
    ["prior", plain, "-a", bad, "-o", out("h.sage")],
    1,
    /bad-log\.jsonl:2: at: expected/,
  );
});

test("a counter equals the sum over the actions, in any order, within the window", () => {
  const action = fc.record({
    item: fc.constantFrom("a", "b", "c"),
    at: fc.nat(400),
    weight: fc.nat(3),
  });
  const days = fc.constantFrom(1, 30, Infinity);
  fc.assert(
    fc.property(fc.array(action), days, days, (actions, halfLifeDays, windowDays) => {
      const counter = new PopularityCounter({ halfLifeDays, windowDays });
      for (const { item, at, weight } of actions) counter.add(item, at * DAY, weight);
      const expected = new Map();
      const within = actions.filter(({ at }) => 400 - at <= windowDays);
      for (const { item, at, weight } of within)
        expected.set(item, (expected.get(item) ?? 0) + weight * 2 ** (-(400 - at) / halfLifeDays));
      const counts = counter.countsAt(400 * DAY);
      assert.deepEqual([...counts.keys()].sort(), [...expected.keys()].sort());
      for (const [item, count] of counts)
        assert.ok(Math.abs(count - expected.get(item)) <= 1e-12 * (1 + count));
      assert.equal(counter.outsideWindowAt(400 * DAY), actions.length - within.length);
      if (actions.some(({ at }) => at > 0))
        assert.throws(() => counter.countsAt(0), /later than 0/);
    }),
    { seed: 11, numRuns: 200 },
  );
});
