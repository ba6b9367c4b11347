// `npm run build`: fills pkg/, which holds all published code: pkg/wasm from src/ (wasm-pack),
// pkg/**/*.js and *.d.ts from ts/ (tsc), and the emoji catalogue. Skips what is newer than its
// inputs.

import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { makeTextCodersLazy } from "./lib/lazy-text.mjs";
import { printTitle, Remedy, reportDone, reportFailure, runScript } from "./lib/output.mjs";
import { probe, runOrThrow } from "./lib/run.mjs";
import { isUpToDate } from "./lib/up-to-date.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const pkg = join(root, "pkg");
const wasm = join(pkg, "wasm");
const wasmInputs = ["src", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"];
const typeScriptInputs = ["ts", "tsconfig.json", "package-lock.json", "pkg/wasm/core.d.ts"];

/**
 * Options of wasm-opt. The features are those of every browser since 2023, Node >= 16 and workerd.
 */
const optimisation = [
  "-O3",
  ...["--one-caller-inline-max-function-size=20", "--flexible-inline-max-function-size=8"],
  ...["--strip-debug", "--strip-producers", "--strip-target-features"],
  ...[
    "simd",
    "bulk-memory",
    "nontrapping-float-to-int",
    "sign-ext",
    "mutable-globals",
    "reference-types",
    "multivalue",
  ].map((name) => `--enable-${name}`),
];

export async function build() {
  printTitle("Build");
  await buildWasm();
  await buildTypeScript();
  await copyEmojiCatalogue();
}

async function buildWasm() {
  if (await isUpToDate(join(wasm, "core_bg.wasm"), wasmInputs))
    return reportDone("wasm", "up to date");
  if (!(await probe("wasm-opt"))) throw new Remedy("wasm-opt is missing: run `npm run setup`.");
  const start = performance.now();
  const out = join(root, "target", "wasm-pack");
  await rm(out, { recursive: true, force: true });
  const { output } = await runOrThrow("wasm-pack", [
    ...["build", "--target", "web", "--release", "--mode", "no-install", "--no-pack"],
    ...["--out-dir", out, "--out-name", "core"],
    ...["--", "--config", await remapSourcePaths()],
  ]);
  if (!/Optimizing wasm binaries with `wasm-opt`/.test(output))
    throw new Remedy(`${output}\nwasm-pack skipped wasm-opt: run \`npm ci\`, which installs it.`);
  const { panicsToTraps } = await import("./lib/traps.mjs"); // imports what the set-up installs
  const trapping = join(out, "trapping.wasm");
  await writeFile(trapping, panicsToTraps(await readFile(join(out, "core_bg.wasm"))));
  const glue = join(out, "core.js");
  await writeFile(glue, makeTextCodersLazy(await readFile(glue, "utf8")));
  await runOrThrow("wasm-opt", [trapping, "-o", join(out, "core_bg.wasm"), ...optimisation]);
  // Copies three files only: wasm-pack's .gitignore would empty the npm package, and its
  // package.json and README are not the project's.
  await mkdir(wasm, { recursive: true });
  for (const name of ["core.js", "core.d.ts", "core_bg.wasm"])
    await copyFile(join(out, name), join(wasm, name));
  reportDone("wasm", "pkg/wasm", (performance.now() - start) / 1000);
}

/** Removes this machine's folders from the source paths in panic messages of dependencies. */
async function remapSourcePaths() {
  await runOrThrow("cargo", ["fetch", "--locked"]);
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const registries = existsSync(sources) ? await readdir(sources) : [];
  const flags = registries.map((name) => `--remap-path-prefix=${join(sources, name)}=`);
  return `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(flags)}`;
}

async function buildTypeScript() {
  for (const file of await outputsWithoutSource()) await rm(file);
  if (await isUpToDate(join(pkg, "index.js"), typeScriptInputs))
    return reportDone("typescript", "up to date");
  const { seconds } = await runOrThrow("tsc", ["--project", "tsconfig.json"]);
  const command = join(pkg, "cli", "main.js");
  if (existsSync(command)) await chmod(command, 0o755);
  reportDone("typescript", "pkg", seconds);
}

async function copyEmojiCatalogue() {
  const source = join(root, "www", "public", "emoji.sage");
  // No error: data/emoji/build.mjs makes the file with this build. `npm run check` (files) rejects
  // a package without it.
  if (!existsSync(source))
    return reportFailure(
      "emoji.sage",
      "www/public/emoji.sage is missing: node data/emoji/build.mjs makes it",
    );
  await copyFile(source, join(pkg, "emoji.sage"));
  reportDone("emoji.sage", "pkg/emoji.sage");
}

/** Compiled files whose TypeScript was deleted or moved: they would still be published. */
async function outputsWithoutSource() {
  if (!existsSync(pkg)) return [];
  const suffix = /(\.d\.ts|\.js)(\.map)?$/;
  const entries = await readdir(pkg, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && suffix.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => {
      const source = join(root, "ts", relative(pkg, file).replace(suffix, ".ts"));
      return !file.startsWith(wasm) && !existsSync(source);
    });
}

if (process.argv[1] === import.meta.filename) {
  await runScript(async () => {
    await setup();
    await build();
  });
}
