// Output files and printed text: modes, links, devices and pipes; escapes; -q; short messages.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmod, link, lstat, mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { folder, json, lines, main, pocketsage, things } from "./run.mjs";

const { path, put } = await folder();
const out = (name) => join(path, name);
const items = await put("items.jsonl", lines(...things));
await json(["build", items, "-o", out("expected.sage")]);
const expected = await readFile(out("expected.sage"));
const build = (file, ...args) => pocketsage(["build", items, "-o", file, ...args]);
const shell = (script, ...args) =>
  promisify(execFile)("bash", ["-c", script, process.execPath, main, ...args], {
    encoding: "buffer",
    cwd: path,
  });

test("a regular file keeps its mode; a new one has the mode of the umask", async () => {
  for (const mode of [0o600, 0o640, 0o755]) {
    const file = await put("private.sage", "old");
    await chmod(file, mode);
    assert.equal((await build(file)).code, 0);
    assert.equal((await stat(file)).mode & 0o7777, mode);
    assert.deepEqual(await readFile(file), expected);
  }
  assert.equal((await build(out("new.sage"))).code, 0);
  assert.equal((await stat(out("new.sage"))).mode & 0o777, 0o666 & ~process.umask());
  assert.ok(!(await readdir(path)).some((name) => name.endsWith(".part")));
});

test("symbolic links in a circle are an error, and stay", async () => {
  await symlink("circle-b", out("circle-a"));
  await symlink("circle-a", out("circle-b"));
  const { code, stderr } = await pocketsage(["build", items, "-o", out("circle-a"), "-q"]);
  assert.equal(code, 1);
  assert.match(stderr, /circle-a: cannot be written: .*symbolic links, perhaps in a circle/);
  for (const name of ["circle-a", "circle-b"]) assert.ok((await lstat(out(name))).isSymbolicLink());
});

test("a symbolic link stays; its target is replaced, or created", async () => {
  await mkdir(out("other"));
  for (const target of ["other/target.sage", "other/absent.sage"]) {
    if (target.includes("target")) await put(target, "old");
    const name = out(`link-to-${target.split("/")[1]}`);
    await symlink(target, name);
    assert.equal((await build(name)).code, 0);
    assert.ok((await lstat(name)).isSymbolicLink());
    assert.deepEqual(await readFile(out(target)), expected);
  }
});

test("devices and pipes are written straight into", async () => {
  const device = await build("/dev/null");
  assert.equal(device.code, 0, device.stderr);
  assert.ok((await stat("/dev/null")).isCharacterDevice());
  const fifo = await shell(
    'mkfifo pipe; cat pipe > copy & "$0" "$1" build items.jsonl -o pipe -q && wait; test -p pipe',
  );
  assert.match(fifo.stdout.toString(), /items/);
  assert.deepEqual(await readFile(out("copy")), expected);
  const full = await build("/dev/full");
  assert.equal(full.code, 1);
  assert.match(full.stderr, /\/dev\/full: cannot be written: ENOSPC/);
});

test("a standard output that cannot be written is an error with a reason", async () => {
  const full = await shell('"$0" "$1" --help > /dev/full; echo $?');
  assert.match(full.stdout.toString(), /^1$/m);
  assert.match(full.stderr.toString(), /the standard output cannot be written: ENOSPC/);
});

test("/dev/stdout receives the file, and the standard error the report", async () => {
  const piped = await shell('"$0" "$1" build items.jsonl -o /dev/stdout -q | cat');
  assert.deepEqual(piped.stdout, expected);
  assert.match(piped.stderr.toString(), /^ {2}items +12$/m);
  await shell('"$0" "$1" build items.jsonl -o /dev/stdout -q > redirected.sage');
  assert.deepEqual(await readFile(out("redirected.sage")), expected);
});

test("an input is refused as the output, by any of its names", async () => {
  const content = await readFile(items, "utf8");
  await link(items, out("hard-link"));
  await symlink("items.jsonl", out("soft-link"));
  for (const file of [items, out("hard-link"), out("soft-link"), `${path}/./items.jsonl`]) {
    const { code, stderr } = await build(file);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /-o: .* is an input of this command .*choose another file/);
  }
  const sage = out("expected.sage");
  for (const args of [
    ["merge", sage, sage, "-o", sage],
    ["delta", sage, sage, "-o", sage],
  ])
    assert.equal((await pocketsage(args)).code, 2);
  await assert.rejects(shell('"$0" "$1" build - -o items.jsonl < items.jsonl'), { code: 2 });
  assert.equal(await readFile(items, "utf8"), content);
});

test("control characters of data never reach the terminal", async () => {
  const evil = "\u001b]0;owned\u0007\u009b31m\u202egnp\u007f\r\nx";
  const objects = things.map((thing, row) => ({
    ...thing,
    id: `${thing.id}${evil}`,
    label: `${evil}${row}`,
  }));
  const file = await put(`evil\u001b[31m.jsonl`, lines(...objects));
  const sage = out("evil\u001b[2J.sage");
  const actions = await put(
    "evil-actions.jsonl",
    lines({ item: objects[0].id, [evil]: 1 }, { item: objects[4].id }),
  );
  const wrong = await put("wrong\u001b[1m.jsonl", `{"id": "${"\u001b"}"}\n`);
  const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
  const runs = [
    ["build", file, "-o", sage],
    ["build", wrong, "-o", out("x.sage")],
    ["build", file, "-o", out("x.sage"), "--attribute", evil],
    ["inspect", sage],
    ["inspect", sage, "--item", objects[1].id],
    ["inspect", sage, "--item", evil],
    ["verify", sage],
    ["verify", wrong],
    ["profile", "-c", sage, "-a", actions],
    ["recommend", "-c", sage, "-a", actions, "--exclude", evil],
    [evil],
  ];
  for (const args of runs) {
    for (const more of [[], ["--json"]]) {
      const { stdout, stderr } = await pocketsage([...args, ...more]);
      for (const line of `${stdout}${stderr}`.split("\n")) assert.doesNotMatch(line, unsafe);
    }
  }
  const shown = await json(["inspect", sage, "--item", objects[1].id]);
  assert.deepEqual([shown.item, shown.payload], [objects[1].id, { label: objects[1].label }]);
});

test("every command takes -q and then prints nothing on the standard error", async () => {
  const sage = out("expected.sage");
  const actions = await put("a.csv", "item,at,more\ntea-0,1760000000,x\n");
  for (const args of [
    ["build", items, "-o", out("quiet.sage")],
    ["inspect", sage],
    ["verify", sage],
    ["delta", sage, out("quiet.sage"), "-o", out("quiet.delta")],
    ["merge", sage, out("quiet.delta"), "-o", out("merged.sage")],
    ["profile", "-c", sage, "-a", actions],
    ["recommend", "-c", sage, "-a", actions],
  ]) {
    const { code, stderr } = await pocketsage([...args, "-q"]);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
  }
});

test("messages about long values have at most 500 characters and a remedy", async () => {
  const long = "x".repeat(3000);
  const columns = Array.from({ length: 2000 }, (_, row) => `column${row}`).join();
  for (const [name, content] of [
    ["long.csv", `${columns}\n1,2\n`],
    ["long.jsonl", lines({ [long]: 1 })],
    ["long-id.jsonl", lines({ id: long, vector: [1] }, { id: long, vector: [1] })],
    ["long-vector.csv", `id,vector\na,${long}\n`],
  ]) {
    const file = await put(name, content);
    const args = ["build", file, "-o", out("x.sage"), "--attribute", long];
    const { code, stderr } = await pocketsage(args);
    assert.equal(code, 1);
    assert.ok(stderr.length <= 515, `${name}: ${stderr.length}`);
    assert.match(stderr, /[.)]\n$/);
  }
});

test("a killed command leaves the old file", async () => {
  const file = await put("kept.sage", "old");
  const child = spawn(process.execPath, [main, "build", "-", "-o", file]);
  child.stdin.write(lines(...things));
  setTimeout(() => child.kill("SIGKILL"), 500);
  await new Promise((resolve) => child.on("close", resolve));
  assert.equal(await readFile(file, "utf8"), "old");
});
