// A consumer of the package: a project outside of this repository that has the tarball installed,
// and one program whose result must be the same in every runtime.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);
const TIMEOUT_MS = 120_000;

/** Runs a command. Returns `{ stdout, stderr }`; rejects with both if it fails or times out. */
export function run(command, args, cwd) {
  const env = { ...process.env, npm_config_update_notifier: "false" };
  return execute(command, args, { cwd, env, timeout: TIMEOUT_MS, maxBuffer: 64 << 20 });
}

/** Packs the built package. Returns the path of the tarball and the paths of the files in it. */
async function pack(destination) {
  const { stdout } = await run(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", destination],
    root,
  );
  const [packed] = Object.values(JSON.parse(stdout));
  const files = packed.files.map(({ path }) => path);
  return { tarball: join(destination, packed.filename), files };
}

/**
 * Creates a project with the package installed, deleted after the tests of the calling file.
 * Returns its path, the path of the tarball and the files in it, and `put(name, content)`, which
 * writes a file into the project and returns its path.
 */
export async function createProject() {
  const path = await mkdtemp(join(tmpdir(), "pocketsage-packages-"));
  after(() => rm(path, { recursive: true, force: true }));
  const put = async (name, content) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
    return join(path, name);
  };
  const { tarball, files } = await pack(path);
  await put("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run(
    "npm",
    ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball],
    path,
  );
  return { path, put, files, tarball };
}

const fixture = await readFile(join(root, "tests/fixtures/emoji-actions.jsonl"), "utf8");

/** The actions of the program, and its current time in milliseconds since 1970. */
export const actions = fixture
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
export const now = Date.parse("2026-01-31T00:00:00Z");

/**
 * Records the actions and returns interests and recommendations. Its source is pasted into the
 * programs of the project, so it must not use anything but its arguments.
 */
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
export const PROGRAM_SOURCE = program.toString();

/** The result of the program in this process, with the package as built in this repository. */
export async function expectedResult() {
  const bytes = await readFile(join(root, "www/public/emoji.sage"));
  const result = await program(await import("pocketsage"), new Uint8Array(bytes), actions, now);
  return JSON.parse(JSON.stringify(result));
}
