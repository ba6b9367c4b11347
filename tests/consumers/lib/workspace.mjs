// Folders of the consumers: the tools of a group, installed once under .tools/, and beside them one
// project for each consumer, with the tarball unpacked as npm would.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { installPackages } from "../../../scripts/lib/npm.mjs";
import { pack } from "../../../scripts/lib/package.mjs";
import { run, runOrThrow } from "../../../scripts/lib/run.mjs";
import { root } from "../../../scripts/lib/versions.mjs";

/** Caches of tools that do not notice a changed package of the same version. */
const staleCaches = [".vite", ".vite-temp", ".cache", ".astro"];
const packed = once(pack);
const workspaces = new Map();

/** Returns a function that calls `create` on its first call and returns that result always. */
export function once(create) {
  let result;
  return () => (result ??= create());
}

/** Installs the tools of tests/consumers/tools/GROUP and the packed tarball. Returns the folder. */
export function openWorkspace(group) {
  if (!workspaces.has(group)) workspaces.set(group, createWorkspace(group));
  return workspaces.get(group);
}

async function createWorkspace(group) {
  const source = join(root, "tests", "consumers", "tools", group);
  const { folder } = await installPackages(join("consumers", group), source);
  const modules = join(folder, "node_modules");
  for (const name of ["pocketsage", ...staleCaches])
    await rm(join(modules, name), { recursive: true, force: true });
  await rm(join(folder, "projects"), { recursive: true, force: true });
  await mkdir(join(modules, "pocketsage"), { recursive: true });
  const { tarball } = await packed();
  await runOrThrow("tar", ["xzf", tarball, "--strip-components=1"], {
    cwd: join(modules, "pocketsage"),
  });
  return folder;
}

/** The version of an installed package. */
export async function versionOf(workspace, name) {
  const manifest = join(workspace, "node_modules", name, "package.json");
  return JSON.parse(await readFile(manifest, "utf8")).version;
}

/**
 * A project in a workspace: its own folder, the tools of the workspace, and a path of Node.
 */
export class Project {
  constructor(workspace, name, nodePath) {
    this.workspace = workspace;
    this.folder = join(workspace, "projects", name.replaceAll(/\W+/g, "-"));
    this.nodePath = nodePath;
  }

  /** Writes files, given as `{ path: content }`. */
  async put(files) {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    const manifest = join(this.folder, "package.json");
    if (!existsSync(manifest))
      await writeFile(manifest, '{ "name": "consumer", "private": true, "type": "module" }\n');
  }

  /** The path of a file of an installed package. */
  tool(path) {
    return join(this.workspace, "node_modules", path);
  }

  /** The path of a program of one of the packages of a scope, which are one for each platform. */
  async binary(scope, path) {
    for (const name of await readdir(this.tool(scope))) {
      const file = this.tool(join(scope, name, path));
      if (existsSync(file)) return file;
    }
    throw new Error(`no package ${scope}/* with ${path} for this platform`);
  }

  /** Runs a command in the folder; throws if it fails. */
  async run(command, args) {
    await this.#execute(command, args);
  }

  /** Runs a script by Node; throws if it fails. */
  async node(args) {
    await this.#execute(this.nodePath, args);
  }

  /** Runs a program that prints `{ ids }` in its last line, and returns the ids. */
  async printedIds(args, { command = this.nodePath, env } = {}) {
    const { stdout } = await this.#execute(command, args, env);
    return JSON.parse(stdout.trim().split("\n").at(-1)).ids;
  }

  /** Runs a script by Node and returns all its output; throws if it fails. */
  async output(args, env) {
    return (await this.#execute(this.nodePath, args, env)).output;
  }

  async #execute(command, args, env = {}) {
    const result = await run(command, args, {
      cwd: this.folder,
      env: { ...toolEnvironment, ...env },
      minutes: 6,
    });
    if (result.code === 0) return result;
    throw new Error(`${command} ${args.join(" ")} ended with ${result.code}:\n${result.output}`);
  }
}

/** No telemetry, no look for updates, no colours. */
export const toolEnvironment = {
  NODE_ENV: undefined, // Vite sets it in the process that builds the package
  CI: "1",
  NO_COLOR: "1",
  ASTRO_TELEMETRY_DISABLED: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  NG_CLI_ANALYTICS: "false",
  NUXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
  DO_NOT_TRACK: "1",
};
