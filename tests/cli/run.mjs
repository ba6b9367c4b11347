// Runs `pocketsage` in a process of its own, with a time limit, and returns its output.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const main = join(root, "pkg", "cli", "main.js");
export const emoji = join(root, "www", "public", "emoji.sage");
export const fixture = (extension) => join(root, "tests", "fixtures", `emoji-actions.${extension}`);

/** `{ code, stdout, stderr }` of `pocketsage ...args`; `input` is the standard input. */
export function pocketsage(args, { input = "", cwd = root, env = {}, nodeArgs = [] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeArgs, main, ...args], {
      cwd,
      env: { ...process.env, ...env },
      timeout: 120_000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.stdin.on("error", () => {}); // EPIPE: the command may exit before it has read its input
    child.stdin.end(input);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The parsed result with --json of a run that must succeed without output on standard error. */
export async function json(args, options) {
  const { code, stdout, stderr } = await pocketsage([...args, "--json"], options);
  if (code !== 0 || stderr !== "")
    throw new Error(`pocketsage ${args.join(" ")}: code ${code}, stderr: ${stderr}`);
  return JSON.parse(stdout);
}

/** Asserts that `build` refuses a file of items: code 1, and an error that begins with its name. */
export async function assertBuildRefuses(items, output, message) {
  const { code, stdout, stderr } = await pocketsage(["build", items, "-o", output, "--json"]);
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, message);
  assert.ok(stderr.startsWith(`pocketsage: ${items}:`), stderr);
}

/** A temporary folder, deleted after the tests of the file, and `put` to write a file into it. */
export async function folder() {
  const path = await mkdtemp(join(tmpdir(), "pocketsage-cli-"));
  after(() => rm(path, { recursive: true, force: true }));
  const put = async (name, content) => {
    await writeFile(join(path, name), content);
    return join(path, name);
  };
  return { path, put };
}

/** JSON lines. */
export const lines = (...objects) =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join("");

/** Three clusters of four labelled items each, in three dimensions. */
export const things = ["tea", "ball", "cat"].flatMap((kind, axis) =>
  [0, 1, 2, 3].map((index) => {
    const vector = [0.05 * index, 0.02 * index, 0.03 * index];
    vector[axis] = 1;
    return { id: `${kind}-${index}`, vector, label: `${kind} number ${index}` };
  }),
);
