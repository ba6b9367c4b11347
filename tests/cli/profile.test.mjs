// `pocketsage profile` and `recommend`: the effect of every option, and errors with their line.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { folder, json, lines, pocketsage, things } from "./run.mjs";

const DAY = 86_400_000;
const NOW = Date.parse("2026-01-31T00:00:00Z");
const { path, put } = await folder();
const catalogue = join(path, "things.sage");
await json(["build", await put("things.jsonl", lines(...things)), "-o", catalogue]);

const history = [
  { item: "tea-0", at: NOW - 100 * DAY, kind: "click" },
  { item: "tea-1", at: NOW - 99 * DAY, kind: "click" },
  { item: "ball-0", at: NOW - 2 * DAY, kind: "click" },
  { item: "ball-1", at: NOW - DAY, kind: "click" },
  { item: "cat-0", at: NOW - 3 * DAY, kind: "save" },
];
const actions = await put("actions.jsonl", lines(...history));
const profileArgs = ["-c", catalogue, "-a", actions, "--now", String(NOW), "--cut", "cosine=0.8"];
const medoidsOf = ({ interests }) => interests.map(({ medoid }) => medoid);
const clusterOf = (item) => item.split("-")[0];
const clustersOf = (result) => medoidsOf(result).map(clusterOf);

test("profile: interests by importance, their members most recent first", async () => {
  const result = await json(["profile", ...profileArgs]);
  assert.deepEqual(Object.keys(result), ["interests"]);
  assert.deepEqual(clustersOf(result), ["ball", "cat", "tea"]);
  assert.deepEqual(result.interests[0].items, ["ball-1", "ball-0"]);
  assert.equal(result.interests[0].lastActive, NOW - DAY);
  assert.deepEqual(result.interests[1].payload, { label: "cat number 0" });
});

test("--cut: count, threshold, cosine, spread and auto", async () => {
  const count = async (cut) =>
    (await json(["profile", ...profileArgs, "--cut", cut])).interests.length;
  assert.equal(await count("count=2"), 2);
  assert.equal(await count("threshold=100"), 1);
  assert.equal(await count("threshold=0"), 5);
  assert.equal(await count("cosine=0.8"), 3);
  assert.equal(await count("spread=0.3"), 3);
  assert.ok((await count("auto")) >= 1);
});

test("--half-life: with a short one an old interest loses its importance", async () => {
  const share = async (days) => {
    const { interests } = await json(["profile", ...profileArgs, "--half-life", days]);
    return interests.find(({ medoid }) => clusterOf(medoid) === "tea").importance;
  };
  const [short, long] = [await share("5"), await share("5000")];
  assert.ok(short < 0.001, `${short}`);
  assert.ok(long > 0.35, `${long}`);
});

test("--kind: a higher weight makes an interest more important", async () => {
  assert.equal(
    clustersOf(
      await json(["profile", ...profileArgs, "--kind", "save=10", "--kind", "click=0.5"]),
    )[0],
    "cat",
  );
});

test("--singletons: drop and attach", async () => {
  assert.deepEqual(clustersOf(await json(["profile", ...profileArgs, "--singletons", "drop"])), [
    "ball",
    "tea",
  ]);
  const attached = await json(["profile", ...profileArgs, "--singletons", "attach"]);
  assert.equal(attached.interests.length, 2);
  assert.ok(attached.interests.some(({ items }) => items.includes("cat-0")));
});

test("ISO times and milliseconds are equivalent; without --now the clock is used", async () => {
  const iso = await put(
    "iso.jsonl",
    lines(...history.map((action) => ({ ...action, at: new Date(action.at).toISOString() }))),
  );
  const expected = await json(["profile", ...profileArgs]);
  assert.deepEqual(
    await json(["profile", ...profileArgs, "-a", iso, "--now", "2026-01-31T01:00:00+01:00"]),
    expected,
  );
  const before = Date.now();
  const clock = await json([
    "profile",
    "-c",
    catalogue,
    "-a",
    await put("timeless.jsonl", lines({ item: "tea-0" })),
  ]);
  assert.ok(clock.interests[0].lastActive >= before && clock.interests[0].lastActive <= Date.now());
});

test("a weighted action counts as repeated", async () => {
  const heavy = await put(
    "heavy.jsonl",
    lines(
      ...history.map((action) => (action.item === "cat-0" ? { ...action, weight: 20 } : action)),
    ),
  );
  assert.equal(clustersOf(await json(["profile", ...profileArgs, "-a", heavy]))[0], "cat");
});

test("an unknown item needs a vector; without a catalogue every item does", async () => {
  const own = lines(
    { item: "own", vector: [0, 0, 5], at: NOW },
    { item: "other", vector: [3, 0, 0], at: NOW },
  );
  const file = await put("own.jsonl", own);
  assert.deepEqual(medoidsOf(await json(["profile", ...profileArgs, "-a", file])).sort(), [
    "other",
    "own",
  ]);
  assert.deepEqual(medoidsOf(await json(["profile", "-a", file, "--cut", "cosine=0.8"])).sort(), [
    "other",
    "own",
  ]);
  const { code, stderr } = await pocketsage(["profile", "-a", actions]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /actions\.jsonl:1 \("tea-0"\): without a catalogue every action needs a vector/,
  );
});

test("no actions: no interests, but items that represent the catalogue", async () => {
  const empty = await put("empty.jsonl", "\n");
  assert.deepEqual(await json(["profile", ...profileArgs, "-a", empty]), { interests: [] });
  const { interests, recommendations } = await json(["recommend", ...profileArgs, "-a", empty]);
  assert.deepEqual(interests, []);
  assert.ok(recommendations.length > 0);
  for (const { because } of recommendations)
    assert.deepEqual(because, { from: "diverse", nearest: [] });
  const { stdout } = await pocketsage(["recommend", ...profileArgs, "-a", empty]);
  assert.match(stdout, /^No actions, so no interests\.\n[\s\S]*\(diverse\)/);
});

test("recommend: --count, --interests, --exclude", async () => {
  const all = await json(["recommend", ...profileArgs]);
  const fresh = things.map(({ id }) => id).filter((id) => !history.some(({ item }) => item === id));
  assert.deepEqual(all.recommendations.map(({ item }) => item).sort(), fresh.sort());
  const two = await json([
    "recommend",
    ...profileArgs,
    "--count",
    "2",
    "--interests",
    "1",
    "--exclude",
    "ball-2",
  ]);
  assert.deepEqual(two.recommendations.map(({ item }) => clusterOf(item))[0], "ball");
  assert.equal(two.recommendations.length, 2);
  assert.ok(
    two.recommendations.every(
      ({ item, because }) => item !== "ball-2" && because.medoid === all.interests[0].medoid,
    ),
  );
});

test("recommend: --dislike, --mute, --boost and --shown are those of a sage", async () => {
  const recommended = async (...args) =>
    (await json(["recommend", ...profileArgs, ...args])).recommendations.map(({ item }) => item);
  const all = await recommended();
  const disliked = await recommended("--dislike", all[0]);
  assert.ok(disliked.length === all.length - 1 && !disliked.includes(all[0]));
  const muted = await recommended("--mute", "ball-0", "--mute", "cat-0");
  assert.ok(muted.length > 0 && muted.every((item) => clusterOf(item) === "tea"), `${muted}`);
  assert.deepEqual(await recommended("--boost", "ball-0=0", "--boost", "cat-0=0"), muted);
  assert.equal(clusterOf((await recommended("--boost", "tea-0=1000"))[0]), "tea");
  const shown = await recommended(...Array(9).fill(["--shown", all[0]]).flat());
  assert.ok(shown.indexOf(all[0]) > 0 || shown.length === 1, `${shown}`);
  const refusals = [
    ["--dislike=ghost", /--dislike: item 0 \("ghost"\): the item is not in the catalogue/],
    ["--mute=ghost", /--mute: "ghost" is neither in the history nor in a catalogue/],
    ["--boost=tea-0", /--boost: expected ID=FACTOR, as in tea-0=2, saw "tea-0"/],
    ["--boost=tea-0=-1", /--boost tea-0: expected a number from 0 to 1000000, saw "-1"/],
    ["--shown=", /--shown: expected an item's id, a non-empty string, saw ""/],
  ];
  for (const [argument, message] of refusals) {
    const { code, stderr } = await pocketsage(["recommend", ...profileArgs, argument]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test("recommend --seed samples interests, equally for equal seeds", async () => {
  const sampledMedoid = async (seed) =>
    (await json(["recommend", ...profileArgs, "--seed", seed, "--interests", "1"]))
      .recommendations[0].because.medoid;
  assert.equal(await sampledMedoid("7"), await sampledMedoid("7"));
  const drawn = new Set();
  for (const seed of ["1", "2", "3", "4", "5", "6", "7", "8"]) drawn.add(await sampledMedoid(seed));
  assert.ok(drawn.size > 1, [...drawn].join());
});

test("unused fields and unknown --exclude ids give notes, unless --quiet", async () => {
  const file = await put("extra.jsonl", lines({ item: "tea-0", timestamp: 1, user: "me" }));
  const args = ["recommend", ...profileArgs, "-a", file, "--exclude", "nothing", "--json"];
  const noted = await pocketsage(args);
  assert.match(noted.stderr, /^note: unused fields: timestamp, user$/m);
  assert.match(noted.stderr, /^note: --exclude: not in the catalogue: nothing$/m);
  const quiet = await pocketsage([...args, "--quiet"]);
  assert.equal(quiet.stderr, "");
  assert.equal(quiet.stdout, noted.stdout);
});

const invalidActions = [
  [
    "an unknown item",
    lines(history[0], { item: "absent" }),
    /:2 \("absent"\): the item is not in the catalogue/,
  ],
  ["no item", lines({ at: 1 }), /:1: the field "item" is missing/],
  [
    "a vector of another length",
    lines({ item: "x", vector: [1] }),
    /:1 \("x"\): the vector has 1 components, expected 3/,
  ],
  [
    "a vector with NaN",
    lines({ item: "x", vector: [1, NaN, 2] }),
    /:1: vector: component 1 of the vector is not a number/,
  ],
  [
    "a time as text",
    lines({ item: "tea-0", at: "yesterday" }),
    /:1: at: expected milliseconds since 1970 or an ISO .*, saw "yesterday"/,
  ],
  [
    "a time of day without its zone",
    lines({ item: "tea-0", at: "2026-01-31T12:00:00" }),
    /:1: at: expected .* with its zone/,
  ],
  [
    "a weight of 0",
    lines({ item: "tea-0", weight: 0 }),
    /:1 \("tea-0"\): weight: expected a number from 0.000001 to 1000000 \(negated.*saw 0/,
  ],
  [
    "a weight as text",
    lines({ item: "tea-0", weight: "much" }),
    /:1: weight: expected a number, saw "much"/,
  ],
  ["a broken line", `${lines(history[0])}{"item": "tea-`, /:2: expected one JSON object a line/],
];
for (const [name, content, message] of invalidActions) {
  test(`${name}: exit code 1, the line, and no standard output`, async () => {
    const file = await put("wrong.jsonl", content);
    const { code, stdout, stderr } = await pocketsage([
      "profile",
      ...profileArgs,
      "-a",
      file,
      "--json",
    ]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.ok(stderr.startsWith(`pocketsage: ${file}:`), stderr);
  });
}

test("an invalid or missing catalogue file: exit code 1 and its name", async () => {
  const foreign = await put("foreign.sage", "this is not a catalogue");
  for (const [file, message] of [
    [foreign, /foreign\.sage: .*`pocketsage build` writes a catalogue/],
    [join(path, "absent.sage"), /absent\.sage: cannot be read: ENOENT/],
  ]) {
    const { code, stdout, stderr } = await pocketsage([
      "recommend",
      "-c",
      file,
      "-a",
      actions,
      "--json",
    ]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, message);
  }
});
