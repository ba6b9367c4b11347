// A project of somebody else's: a folder outside of this repository with the packed package installed from its tarball.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);

/** Runs a command to its end, in at most two minutes: `{ stdout, stderr }`; rejects with both when it fails. */
export function run(command, args, cwd) {
  const env = { ...process.env, npm_config_update_notifier: "false" };
  return execute(command, args, { cwd, env, timeout: 120_000, maxBuffer: 64 << 20 });
}

/** Packs the built package: where the tarball is, and the paths inside. */
async function pack(into) {
  const { stdout } = await run(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", into],
    root,
  );
  const [packed] = Object.values(JSON.parse(stdout));
  return { tarball: join(into, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** A new project that has the package installed; gone after the tests of the file. `put` writes a file into it. */
export async function project() {
  const path = await mkdtemp(join(tmpdir(), "pocketsage-packages-"));
  after(() => rm(path, { recursive: true, force: true }));
  const put = async (name, content) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
    return join(path, name);
  };
  const { tarball, files } = await pack(path);
  await put(
    "package.json",
    JSON.stringify({ name: "somebody-else", private: true, type: "module" }),
  );
  await run(
    "npm",
    ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball],
    path,
  );
  return { path, put, files };
}

/** The history of the fixture, and the moment it is looked at. */
const fixture = await readFile(join(root, "tests/fixtures/emoji-actions.jsonl"), "utf8");
export const actions = fixture
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
export const now = Date.parse("2026-01-31T00:00:00Z");

/** The main job. Its source is pasted into the programs of the project, so it may use its arguments only. */
const program = async ({ openSage, Catalogue }, bytes, actions, now) => {
  const catalogue = await Catalogue.fromBytes(bytes);
  const sage = await openSage({ catalogue, now: () => now });
  await sage.record(actions);
  const { interests } = await sage.profile();
  const recommendations = await sage.recommend();
  return {
    interests: interests.map(({ medoid, importance, items }) => ({ medoid, importance, items })),
    recommendations,
  };
};
export const PROGRAM = program.toString();

/** What every runtime must answer: the same program, in this process, on the package as it is built here. */
export async function expected() {
  const bytes = await readFile(join(root, "www/public/emoji.sage"));
  return JSON.parse(
    JSON.stringify(await program(await import("pocketsage"), new Uint8Array(bytes), actions, now)),
  );
}
