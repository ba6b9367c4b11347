// Standard input, closed pipes, progress on the standard error, and large files.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { emoji, fixture, folder, json, lines, main, pocketsage, root, things } from "./run.mjs";

const { path, put } = await folder();

test("items and actions from the standard input, as JSON lines or CSV", async () => {
  const file = join(path, "things.sage");
  const report = await json(["build", "-", "-o", file], { input: lines(...things) });
  assert.equal(report.items, things.length);
  const args = ["profile", "-c", emoji, "--now", "2026-01-31"];
  const expected = await json([...args, "-a", fixture("jsonl")]);
  for (const extension of ["jsonl", "csv"]) {
    assert.deepEqual(
      await json([...args, "-a", "-"], { input: await readFile(fixture(extension)) }),
      expected,
    );
  }
  const { code, stderr } = await pocketsage([...args, "-a", "-"], { input: "{}\n" });
  assert.equal(code, 1);
  assert.match(stderr, /^pocketsage: stdin:1: /);
});

test("a slow command reports progress on the standard error, unless --quiet", {
  timeout: 60_000,
}, async () => {
  const item = (id) => lines({ id: `${id}`, vector: [id, 1] });
  const start = (...options) => {
    const out = join(path, `slow${options.length}.sage`);
    const child = spawn(process.execPath, [main, "build", "-", "-o", out, "--json", ...options]);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => (stdout += text));
    child.stderr.on("data", (text) => (stderr += text));
    const result = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", () => resolve({ report: JSON.parse(stdout), stderr }));
    });
    return { child, result };
  };
  // Items arrive until the first line of progress, which is due after 5 seconds.
  const processes = [start(), start("--quiet")];
  let items = 0;
  const timer = setInterval(() => {
    for (const { child } of processes) child.stdin.write(item(items));
    items += 1;
  }, 50);
  processes[0].child.stderr.once("data", () => {
    clearInterval(timer);
    for (const { child } of processes) child.stdin.end();
  });
  const [loud, quiet] = await Promise.all(processes.map(({ result }) => result));
  const [firstLine, ...otherLines] = loud.stderr.trimEnd().split("\n");
  assert.match(firstLine, /^\d+ items read$/);
  for (const line of otherLines) assert.match(line, /^[\w -]+: \d+ %, about \d+ \w+ left$|read$/);
  assert.equal(quiet.stderr, "");
  assert.equal(loud.report.items, items);
  assert.equal(loud.report.hash, quiet.report.hash);
});

test("a closed pipe is not an error", async () => {
  const args = ["recommend", "-c", emoji, "-a", fixture("jsonl"), "--count", "1900", "--json"];
  const whole = (await pocketsage(args)).stdout;
  assert.ok(whole.length > 500_000, "the output must be larger than a pipe holds");
  const script = `"$0" "$1" "\${@:2}" | head -1; echo "codes \${PIPESTATUS[*]}"`;
  const child = spawn("bash", ["-c", script, process.execPath, main, ...args], {
    cwd: root,
    timeout: 60_000,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  await new Promise((resolve) => child.on("close", resolve));
  assert.equal(stderr, "");
  assert.equal(stdout, "{\ncodes 0 0\n");
});

test("20,000 items x 384 dimensions (150 MB) are built within 500 MB", async () => {
  const file = join(path, "large.jsonl");
  const [count, dim] = [20_000, 384];
  const rows = (function* () {
    let state = 1;
    const randomValue = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
    for (let row = 0; row < count; row += 1)
      yield lines({ id: `item-${row}`, vector: Array.from({ length: dim }, randomValue), row });
  })();
  await pipeline(rows, createWriteStream(file));
  const measure = await put(
    "peak.mjs",
    `process.on("exit", () => console.error("peak", process.resourceUsage().maxRSS));`,
  );
  const args = ["build", file, "-o", join(path, "large.sage"), "--json"];
  const { code, stdout, stderr } = await pocketsage(args, { nodeArgs: ["--import", measure] });
  assert.equal(code, 0, stderr);
  const { items, bytes } = JSON.parse(stdout);
  assert.equal(items, count);
  assert.ok(bytes > count * dim * 2);
  const peak = Number(/peak (\d+)/.exec(stderr)[1]) / 1024;
  assert.ok(peak < 500, `${peak.toFixed(0)} MB`);
});

test("of 20,000 actions the newest 10,000 are used, and a note is printed", async () => {
  const actions = Array.from({ length: 20_000 }, (_, row) => ({
    item: things[row % 3].id,
    at: row,
  }));
  const file = join(path, "few.sage");
  await json(["build", await put("few.jsonl", lines(...things)), "-o", file]);
  const { code, stdout, stderr } = await pocketsage([
    "profile",
    "-c",
    file,
    "-a",
    await put("many.jsonl", lines(...actions)),
    "--json",
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "note: 20,000 actions read; the newest 10,000 are used\n");
  assert.deepEqual(
    JSON.parse(stdout)
      .interests.flatMap(({ items }) => items)
      .sort(),
    things
      .slice(0, 3)
      .map(({ id }) => id)
      .sort(),
  );
});
