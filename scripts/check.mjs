// `npm run check`: everything that can be said about the project without running it. Every check runs; the table says which failed.
//   npm run check -- clippy publint    only those
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "./build.mjs";
import { permitted } from "./lib/licences.mjs";
import { pack, wrongFiles } from "./lib/package.mjs";
import { run } from "./lib/run.mjs";
import { moduleCircles } from "./lib/rust-modules.mjs";
import { done, failed, Remedy, script, title } from "./lib/say.mjs";
import { root, rust } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const clippy = ["clippy", "--all-targets", "--quiet"];
const clippyWasm = ["clippy", "--lib", "--tests", "--examples", "--quiet"]; // the benches are native programs
const deny = ["--", "-D", "warnings"];
const notModules = ["core.wasm", "emoji.sage"];
let packed;
const tarball = () => (packed ??= pack());

/** Each check resolves to what is wrong, as text; nothing wrong is the empty string. */
const checks = {
  biome: () => command("biome", ["check", "--error-on-warnings", "--max-diagnostics=50", "."]),
  rustfmt: () => command("cargo", ["fmt", "--check"]),
  clippy: () => command("cargo", [...clippy, ...deny]),
  "clippy-features": () => command("cargo", [...clippy, "--all-features", ...deny]),
  "clippy-wasm": () => command("cargo", [...clippyWasm, "--target", rust.target, ...deny]),
  "rust-modules": async () =>
    (await moduleCircles()).map((circle) => `circle: ${circle.join(" -> ")}`).join("\n"),
  rustdoc: () => command("cargo", ["doc", "--no-deps", "--quiet"], { RUSTDOCFLAGS: "-D warnings" }),
  tsc: () => command("tsc", ["--project", "tsconfig.json", "--noEmit"]),
  "tsc-www": () => command("tsc", ["--project", "www/tsconfig.json", "--noEmit"]),
  "tsc-edge": () => command("tsc", ["--project", "edge/tsconfig.json"]),
  typedoc: () => command("typedoc", ["--emit", "none", "--treatWarningsAsErrors"]),
  files: async () => (await wrongFiles((await tarball()).files)).join("\n"),
  publint: async () => command("publint", ["run", (await tarball()).tarball, "--strict"]),
  attw: async () =>
    command("attw", [
      (await tarball()).tarball,
      "--profile",
      "esm-only",
      "--exclude-entrypoints",
      ...notModules,
    ]),
  knip: () => command("knip", ["--include", "dependencies,unlisted"]),
  "unused-crates": unusedCrates,
  licences,
};

await script(async () => {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !(name in checks));
  if (unknown.length > 0)
    throw new Remedy(
      `No check is called ${unknown.join(", ")}. The checks are ${Object.keys(checks).join(", ")}.`,
    );
  await setup();
  await build();

  title("Checks");
  const bad = [];
  for (const name of names.length > 0 ? names : Object.keys(checks)) {
    const begun = Date.now();
    const wrong = await checks[name]();
    const seconds = (Date.now() - begun) / 1000;
    if (!wrong) {
      done(name, "", seconds);
      continue;
    }
    failed(name, "", seconds);
    console.log(wrong.replace(/^/gm, "        "));
    bad.push(name);
  }
  if (bad.length > 0)
    throw new Remedy(`Failed: ${bad.join(", ")}. One alone: npm run check -- ${bad[0]}`);
  console.log("\nEvery check passed.");
});

async function command(name, args, env = {}) {
  const { code, output } = await run(name, args, { env: { FORCE_COLOR: "0", ...env } });
  return code === 0 ? "" : output || `${name} ended with code ${code}`;
}

/** A crate that Cargo.toml names and no Rust file does. */
async function unusedCrates() {
  const own = (await crateGraph()).find((pkg) => pkg.name === "pocketsage");
  const source = (
    await Promise.all(["src", "tests", "benches", "bench/ward/native"].map(rustSource))
  ).join("\n");
  const unused = own.dependencies.filter(
    ({ name }) => !new RegExp(`\\b${name.replaceAll("-", "_")}\\b`).test(source),
  );
  return unused
    .map(({ name }) => `${name} is a dependency in Cargo.toml and no Rust file names it`)
    .join("\n");
}

async function rustSource(folder) {
  const names = existsSync(join(root, folder))
    ? await readdir(join(root, folder), { recursive: true })
    : [];
  const texts = names
    .filter((name) => name.endsWith(".rs"))
    .map((name) => readFile(join(root, folder, name), "utf8"));
  return (await Promise.all(texts)).join("\n");
}

/** Every crate of Cargo.lock, and every npm package a user of ours would install. */
async function licences() {
  const crates = (await crateGraph()).map(({ name, license }) => ({ name, licence: license }));
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const installed = Object.entries(lock.packages).filter(
    ([path, entry]) => path.startsWith("node_modules/") && !entry.dev && !entry.link,
  );
  const modules = installed.map(([path, entry]) => ({
    name: path.replace("node_modules/", ""),
    licence: entry.license,
  }));
  return [...crates, ...modules]
    .filter(({ name, licence }) => !permitted(name, licence))
    .map(
      ({ name, licence }) =>
        `${name}: ${licence ?? "no licence"} is not on the list in scripts/lib/licences.mjs`,
    )
    .join("\n");
}

/** Every crate of Cargo.lock with its licence and dependencies. */
async function crateGraph() {
  const { stdout } = await run("cargo", ["metadata", "--format-version", "1", "--locked"]);
  return JSON.parse(stdout).packages;
}
