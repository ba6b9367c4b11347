// Fills pkg/, all that is published: pkg/wasm from src/ (wasm-pack), pkg/*.js and *.d.ts from ts/ (tsc), and the emoji catalogue.
// What is newer than everything it is made of is left alone.
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { fresh } from "./lib/fresh.mjs";
import { ask, must } from "./lib/run.mjs";
import { done, failed, Remedy, script, title } from "./lib/say.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const pkg = join(root, "pkg");
const wasm = join(pkg, "wasm");

/** How the wasm is optimised, and what it may use: what every browser since 2023, node >= 16 and workerd have. */
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
  title("Build");
  await buildWasm();
  await buildTypeScript();
  await copyEmoji();
}

async function buildWasm() {
  const made = join(wasm, "core_bg.wasm");
  if (await fresh(made, ["src", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"]))
    return done("wasm", "up to date");
  if (!(await ask("wasm-opt"))) throw new Remedy("wasm-opt is missing: run `npm run setup`.");
  const begun = performance.now();
  const out = join(root, "target", "wasm-pack");
  await rm(out, { recursive: true, force: true });
  const { output } = await must("wasm-pack", [
    ...["build", "--target", "web", "--release", "--mode", "no-install", "--no-pack"],
    ...["--out-dir", out, "--out-name", "core"],
    ...["--", "--config", await withoutOurPaths()],
  ]);
  if (!/Optimizing wasm binaries with `wasm-opt`/.test(output))
    throw new Remedy(`${output}\nwasm-pack left wasm-opt out: the build is not optimised.`);
  const { panicsToTraps } = await import("./lib/traps.mjs"); // (which needs what set-up installs)
  const trapping = join(out, "trapping.wasm");
  await writeFile(trapping, panicsToTraps(await readFile(join(out, "core_bg.wasm"))));
  await must("wasm-opt", [trapping, "-o", join(out, "core_bg.wasm"), ...optimisation]);
  // Three files of what wasm-pack wrote: its .gitignore would empty the npm package, its package.json and README are not ours.
  await mkdir(wasm, { recursive: true });
  for (const name of ["core.js", "core.d.ts", "core_bg.wasm"])
    await copyFile(join(out, name), join(wasm, name));
  done("wasm", "pkg/wasm", (performance.now() - begun) / 1000);
}

/** Panic messages name source files: those of dependencies without the folders of this machine. */
async function withoutOurPaths() {
  await must("cargo", ["fetch", "--locked"]);
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const registries = existsSync(sources) ? await readdir(sources) : [];
  const flags = registries.map((name) => `--remap-path-prefix=${join(sources, name)}=`);
  return `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(flags)}`;
}

async function buildTypeScript() {
  const orphans = await withoutSource();
  for (const file of orphans) await rm(file);
  if (
    await fresh(join(pkg, "index.js"), [
      "ts",
      "tsconfig.json",
      "package-lock.json",
      "pkg/wasm/core.d.ts",
    ])
  ) {
    return done("typescript", "up to date");
  }
  const { seconds } = await must("tsc", ["--project", "tsconfig.json"]);
  const command = join(pkg, "cli", "main.js");
  if (existsSync(command)) await chmod(command, 0o755);
  done("typescript", "pkg", seconds);
}

async function copyEmoji() {
  const source = join(root, "www", "public", "emoji.sage");
  // data/emoji makes it with this very build, so its absence stops nothing here; `npm run check` does not let it be published.
  if (!existsSync(source))
    return failed(
      "emoji.sage",
      "www/public/emoji.sage is missing: node data/emoji/build.mjs makes it",
    );
  await copyFile(source, join(pkg, "emoji.sage"));
  done("emoji.sage", "pkg/emoji.sage");
}

/** Compiled files whose TypeScript is gone: they would be published, and imported by mistake. */
async function withoutSource() {
  if (!existsSync(pkg)) return [];
  const entries = await readdir(pkg, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(js|d\.ts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter(
      (file) =>
        !file.startsWith(wasm) &&
        !existsSync(join(root, "ts", relative(pkg, file).replace(/(\.d\.ts|\.js)$/, ".ts"))),
    );
}

if (process.argv[1] === import.meta.filename) {
  await script(async () => {
    await setup();
    await build();
  });
}
