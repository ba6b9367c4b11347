// `pocketsage eval`: formats of action logs, protocols, what is reported, and bad input.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { folder, json, pocketsage } from "./run.mjs";

const { path, put } = await folder();

/**
 * Two kinds of items on two axes; each of 12 users likes one kind and acts on 20 of its items, one
 * a day. Users of different kinds begin on different days.
 */
const kinds = [0, 1].map((kind) => Array.from({ length: 40 }, (_, index) => `${kind}-${index}`));
const vectorLines = kinds
  .flat()
  .map((id, row) => {
    const [kind, index] = id.split("-").map(Number);
    const angle = 0.01 * index;
    return JSON.stringify({
      id,
      vector: kind === 0 ? [Math.cos(angle), Math.sin(angle), 0, 0] : [0, 0, 1, angle + row * 0],
    });
  })
  .join("\n");
const vectors = await put("items.jsonl", vectorLines);
const actions = Array.from({ length: 12 }, (_, user) =>
  Array.from({ length: 20 }, (_, position) => ({
    user: `u${user}`,
    item: kinds[user % 2][(user * 3 + position) % 40],
    at: Date.UTC(2024, 0, 1 + user + position),
  })),
).flat();
const table = (separator, header, rows) =>
  `${[header, ...rows].map((cells) => cells.join(separator)).join("\n")}\n`;
const log = await put(
  "log.csv",
  table(
    ",",
    ["user", "item", "at"],
    actions.map(({ user, item, at }) => [user, item, at]),
  ),
);
const quick = ["--methods", "last:1,mean,popularity,random", "-q", "--resamples", "100"];
const evalJson = (file, ...args) =>
  json(["eval", file, "--vectors", vectors, "-n", "10", ...quick, ...args]);
const metric = (report, name, metricName) =>
  report.rows.find((row) => row.name === name).metrics[metricName].value;

test("a report has all methods, the sage, and is the same for the same seed", async () => {
  const report = await evalJson(log);
  assert.deepEqual(
    report.rows.map(({ name }) => name),
    ["last:1", "mean", "popularity", "random", "sage"],
  );
  assert.equal(report.accounts, 12);
  assert.equal(report.cases, 12);
  assert.equal(report.trainActions, 12 * 15);
  // Half of the items are of the other kind, so random items are near fewer of the test items.
  assert(metric(report, "mean", "recall") > metric(report, "random", "recall"));
  assert(metric(report, "sage", "recall") > metric(report, "random", "recall"));
  const { value, low, high } = report.rows[4].metrics.recall;
  assert(low <= value && value <= high);
  const again = await evalJson(log);
  for (const row of [...report.rows, ...again.rows]) delete row.milliseconds;
  assert.deepEqual(again, report);
});

test("the same actions in all formats give the same figures", async () => {
  const expected = await evalJson(log, "--no-sage");
  const seconds = ({ at }) => at / 1000;
  const numbers = new Map(kinds.flat().map((id, index) => [id, index + 1]));
  const numbered = await put(
    "numbered.jsonl",
    vectorLines
      .split("\n")
      .map((line) => JSON.parse(line))
      .map(({ id, vector }) => JSON.stringify({ id: `${numbers.get(id)}`, vector }))
      .join("\n"),
  );
  const rows = actions.map((action) => [
    action.user.slice(1),
    numbers.get(action.item),
    seconds(action),
  ]);
  const files = [
    ["atomic.inter", table("\t", ["user_id:token", "item_id:token", "timestamp:float"], rows)],
    ["ratings.dat", rows.map(([user, item, at]) => `${user}::${item}::5::${at}`).join("\n")],
    ["ratings.csv", table(",", ["userId", "movieId", "timestamp"], rows)],
    ["log.tsv.gz", gzipSync(table("\t", ["user", "item", "ts"], rows))],
  ];
  for (const [name, content] of files) {
    const report = await json([
      ...["eval", await put(name, content), "--vectors", numbered, "-n", "10", ...quick],
      "--no-sage",
    ]);
    assert.deepEqual(report.rows, expected.rows, name);
  }
  // Without times ages are by rank and popularity counts all train actions.
  const sasrec = await put("log.txt", rows.map(([user, item]) => `${user} ${item}`).join("\n"));
  const report = await json([
    ...["eval", sasrec, "--vectors", numbered, "-n", "10", ...quick, "--no-sage"],
  ]);
  assert.equal(report.hasClock, false);
  assert.equal(metric(report, "mean", "recall"), metric(expected, "mean", "recall"));
});

test("a column of parts is the split; popularity never counts later actions", async () => {
  const rows = actions.map(({ user, item, at }, index) => [
    ...[user, item, at],
    index % 20 < 12 ? "train" : index % 20 < 18 ? "test" : "later",
  ]);
  const file = await put("parts.csv", table(",", ["user", "item", "at", "part"], rows));
  const report = await evalJson(file, "--no-sage", "--min-actions", "2");
  assert.equal(report.trainActions, 12 * 12);
  // The first user's test begins on day 13: actions of that day and later are unknown, so for the
  // log of this user only, all popularities are 0, and the lowest rows win.
  const onlyFirstUser = await put(
    "alone.csv",
    table(
      ",",
      ["user", "item", "at"],
      [
        ...actions.slice(0, 20).map(({ user, item, at }) => [user, item, at]),
        ...Array.from({ length: 30 }, (_, index) => [`late${index}`, "0-17", Date.UTC(2025, 0, 1)]),
      ],
    ),
  );
  const late = await evalJson(onlyFirstUser, "--no-sage", "--threshold", "0.9", "-n", "1");
  assert.equal(metric(late, "popularity", "recall"), 0.2); // 0-15 is the first unseen row
});

test("walk-forward tests each of the last days", async () => {
  const report = await evalJson(
    log,
    ...["--no-sage", "--protocol", "walk-forward", "--days", "3", "--min-actions", "5"],
  );
  // The last day is that of user 11; on the two days before it users 10 and 9 are active, too.
  assert.equal(report.cases, 1 + 2 + 3);
  assert.equal(report.accounts, 3);
});

test("EASE is the closed form: the items most used beside those of a history", async () => {
  const { trainEase } = await import("../../pkg/cli/eval/ease.js");
  // Users by item: {0, 1, 2}, {0, 1}, {2, 3}, {0, 1, 3} and twice item 3.
  const baskets = [
    [0, 1, 2],
    [0, 1],
    [2, 3],
    [3, 0, 1, 3],
  ];
  const user = Int32Array.from(baskets.flatMap((items, index) => items.map(() => index)));
  const row = Int32Array.from(baskets.flat());
  const l2 = 0.5;
  const { rows, predict } = trainEase({ user, row }, 6, l2, () => {});
  assert.deepEqual([...rows], [0, 1, 2, 3]); // rows 4 and 5 have no user
  const gram = [0, 1, 2, 3].map((a) =>
    [0, 1, 2, 3].map(
      (b) =>
        baskets.filter((items) => items.includes(a) && items.includes(b)).length +
        (a === b ? l2 : 0),
    ),
  );
  // The weights B solve: G B has no entries off its diagonal but those of columns scaled, that is
  // (G B)[i][j] = G[i][j] for i != j, with B[j][j] = 0.
  const weights = [0, 1, 2, 3].map((item) => predict([item]));
  for (const j of rows)
    for (const i of rows) {
      if (i === j) continue;
      const others = [0, 1, 2, 3].filter((k) => k !== j);
      const sum = others.reduce((total, k) => total + gram[i][k] * weights[k][j], 0);
      assert(Math.abs(sum - gram[i][j]) < 1e-12, `${i} ${j}`);
    }
  const report = await evalJson(log, "--no-sage", "--methods", "ease:1,random");
  assert(metric(report, "ease:1", "recall") > metric(report, "random", "recall"));
});

test("calibration by categories of a file", async () => {
  const calibration = async (name, content, ...args) => {
    const report = await evalJson(
      log,
      ...["--no-sage", "--methods", "mean,random", "--items", await put(name, content), ...args],
    );
    assert.equal(report.topics, "categories");
    return report.rows.map((row) => row.metrics.miscalibration.value);
  };
  const ids = kinds.flat();
  const lines = (separator, head, categoryOf) =>
    table(
      separator,
      head,
      ids.map((id, index) => [id, categoryOf(id, index)]),
    );
  // Each user likes one kind: items near the mean are of that kind.
  const [mean, random] = await calibration(
    "kinds.csv",
    lines(",", ["id", "category"], (id) => `kind ${id[0]}`),
  );
  assert(mean < 1e-9 && random > 0.1, `${mean} ${random}`);
  // One category for all items: every list is calibrated.
  const all = lines("\t", ["item_id:token", "class:token_seq"], () => "one two");
  assert.deepEqual(await calibration("all.item", all), [0, 0]);
  const genres = lines("\t", ["movieId", "about"], (_, index) => (index === 0 ? "" : "x|y"));
  for (const value of await calibration("genres.tsv", genres, "--category", "about"))
    assert(Math.abs(value) < 1e-9);
  const clusters = await evalJson(log, "--no-sage");
  assert.equal(clusters.topics, "clusters");
  for (const [content, message] of [
    ["id,size\n0-1,3\n", /\.csv:2: no column of the categories\. Columns: id, size\. --category/],
    ["name,category\nx,y\n", /\.csv:2: no column of the item\. .* --item/],
    ["id,category\n", /: no items\./],
  ]) {
    const file = await put("bad-items.csv", content);
    const { code, stderr } = await pocketsage([
      ...["eval", log, "--vectors", vectors, ...quick, "--no-sage", "--items", file],
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
  }
});

test("users are merged to accounts, two data sets are orthogonal", async () => {
  const merged = await evalJson(log, "--no-sage", "--merge-users", "3");
  assert.equal(merged.accounts, 4);
  const both = await evalJson(
    log,
    ...["--no-sage", "--merge-users", "2", "--with", log, "--with-vectors", vectors],
    ...["--accounts", "5"],
  );
  assert.equal(both.accounts, 5);
  assert.equal(both.items, 160);
  assert.equal(both.dim, 8);
});

test("variants have options of their own, and differences refer to any row", async () => {
  const report = await evalJson(
    log,
    ...["--variant", 'one={"cut": {"count": 1}, "interests": 1}', "--reference", "sage"],
    ...["--option", "interests=2"],
  );
  assert.deepEqual(report.references, ["sage"]);
  const one = report.rows.find(({ name }) => name === "one");
  assert(Math.abs(one.differences.sage.recall.value) <= 1);
});

test("the HTML report has plots and no scripts or requests; Markdown has the tables", async () => {
  const [html, markdown] = [join(path, "report.html"), join(path, "report.md")];
  const { code, stderr } = await pocketsage([
    ...["eval", log, "--vectors", vectors, "-n", "10", ...quick],
    ...["--html", html, "--markdown", markdown, "--sweep", "interests=1,2"],
    ...["--sweep", "retrieval.cut.spread=.3,.7", "--reference", "mean"],
  ]);
  assert.equal(code, 0, stderr);
  const page = await readFile(html, "utf8");
  assert.equal(page.match(/<svg /g).length, 6); // two metrics, two scatters, two sweeps
  assert.match(page, /lift over mean of the history at values of retrieval\.cut\.spread/);
  assert.doesNotMatch(page, /<script|https?:|NaN|undefined/);
  const text = await readFile(markdown, "utf8");
  assert.match(text, /^\| sage \| /m);
  assert.doesNotMatch(text, /interests=1/);
});

test("vectors trained on the train actions separate the kinds, the same in every run", async () => {
  const args = ["eval", log, "--train-vectors", "--no-sage", "-n", "5", ...quick];
  const report = await json(args);
  assert(report.dim <= 128);
  assert(metric(report, "mean", "recall") > metric(report, "random", "recall"));
  assert.deepEqual(await json(args), report);
});

test("bad input: the line, what was seen, and a remedy", async () => {
  const head = "user,item,at\n";
  const cases = [
    ["a.csv", "who,what\nu,i\n", /a\.csv:2: no column of the user\. Columns: who, what\. --user/],
    ["b.csv", `${head}u,i,soon\n`, /b\.csv:2: at: expected milliseconds .* saw "soon"/],
    ["c.csv", `${head}u,i,1\nu,j,\n`, /c\.csv:3: at is missing/],
    ["d.csv", "user|item|at\nu|i|1\n", /d\.csv:2: no column of the user/],
    ["e.dat", "1::2::5::978300760\n1::2::5\n", /e\.dat:2: expected user::item::rating::at/],
    ["f.csv", "user,item,at,part\nu,i,1,dev\n", /f\.csv:2: part: expected train, test, later/],
    ["g.csv", `${head}u,0-1,1\n`, /no user can be tested/],
    ["h.csv", "user;item;at\nu,i,1\n", /h\.csv:2: expected 3 cells.*saw 1\. .*separated by ";"/],
    ["i.csv", `${head},i,1\n`, /i\.csv:2: user is missing/],
    ["j.csv", `${head}u,i,\nu,j,5\n`, /j\.csv:2: at is missing/],
    ["k.csv", "user,item,at,part\nu,i,1,\n", /k\.csv:2: part: expected train, test, later/],
    ["l.csv", head, /l\.csv: no actions\. Expected .* below a header line/],
    ["m.csv.gz", head, /m\.csv\.gz: is no whole gzip file: .*rename it without \.gz/],
    [
      "n.jsonl",
      '{"user":"u","item":"i"}\n{"user":"u","item":"j","at":5}\n',
      /n\.jsonl:2: at: expected no such field, because the first row has none/,
    ],
  ];
  for (const [name, content, message] of cases) {
    const { code, stderr } = await pocketsage([
      ...["eval", await put(name, content), "--vectors", vectors, ...quick],
    ]);
    assert.equal(code, 1, `${name}: ${stderr}`);
    assert.match(stderr, message);
    assert(stderr.length <= 600, stderr);
  }
  const usage = [
    [["--methods", "last:x"], /--methods: expected last:K/],
    [["--half-life", "0"], /--half-life: expected days above 0, as in 30d, saw "0"/],
    [["--threshold", "1.5"], /--threshold: expected a number from -1 to 1, saw "1\.5"/],
    [["--methods", "ease:0"], /--methods: ease:0: expected a number above 0/],
    [["--sweep", "interests=1"], /--sweep: expected OPTION=VALUE/],
    [["--variant", "sage={}"], /--variant: expected different names/],
    [["--html", log], /is an input of this command/],
    [["--variant", "x"], /--variant: expected NAME=/],
    [["--variant", "x={"], /--variant x: not JSON/],
    [["--reference", "y"], /--reference: expected last:1, last:5/],
    [["--variant", 'x={"interest": 1}'], /x: recommend: /],
  ];
  for (const [args, message] of usage) {
    const { code, stderr } = await pocketsage([
      ...["eval", log, "--vectors", vectors, "-q", "--resamples", "100", ...args],
    ]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test("options and outputs are checked before a file is read", async () => {
  const [absent, ids] = [join(path, "absent.csv"), await put("ids.txt", "0-1\n")];
  const run = (...args) => pocketsage(["eval", absent, "--vectors", vectors, ...args]);
  const options = [
    ["--protocol", "newest"],
    ["--times", "none"],
    ["--at-unit", "h"],
    ["--users", "0"],
    ["--days", "x"],
    ["--min-actions", "1"],
    ["--min-rating", "high"],
    ["--with", log],
    ["--with", log, "--with-vectors", vectors, "--with-ids", ids, "--html", ids],
  ];
  for (const args of options) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(args.length === 2 ? args[0] : "is an input of this command"));
  }
  const { code, stderr } = await run("--html", join(path, "absent", "report.html"));
  assert.equal(code, 1);
  assert.match(stderr, /absent\/report\.html: cannot be written: ENOENT.* Choose another file/);
});

test("times that count days are of one unit, also where one has the digits of a date", async () => {
  // 86,400 x 222 = 19,180,800, and 19,180,801 has the digits of a date.
  const counted = actions.map(({ user, item }, index) => [user, item, 1 + index * 86_400]);
  counted[222][2] = 19_180_801;
  const run = async (name, rows) =>
    pocketsage([
      ...["eval", await put(name, table(",", ["user", "item", "ts"], rows)), "--vectors", vectors],
      ...["-n", "10", "--methods", "mean", "--no-sage", "--resamples", "100"],
    ]);
  const { code, stderr } = await run("counted.csv", counted);
  assert.equal(code, 0, stderr);
  const crossing = actions.map(({ user, item }, index) => [user, item, 1 + index * 864_000]);
  const refused = await run("crossing.csv", crossing);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /looks like seconds, the times before it like milliseconds\..*--at-unit/,
  );
  const dates = actions.map(({ user, item }) => [user, item, 20251004]);
  assert.match((await run("dates.csv", dates)).stderr, /:2: ts: 20251004 looks like a date/);
});

test("unsorted and repeated rows and items without vectors are counted and reported", async () => {
  const rows = actions.map(({ user, item, at }) => [user, item, at]);
  const untidy = [...rows.slice(1), rows[0], rows[5], ["u0", "unknown", Date.UTC(2024, 0, 2)]];
  const file = await put("untidy.csv", table(",", ["user", "item", "at"], untidy));
  const { code, stderr } = await pocketsage([
    ...["eval", file, "--vectors", vectors, "-n", "10", "--methods", "mean", "--no-sage"],
    ...["--resamples", "100"],
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the actions of 1 user were not in order/);
  assert.match(stderr, /1 row repeats a user, item and time/);
  assert.match(stderr, /items without a vector: 1 train and 0 test actions/);
});
