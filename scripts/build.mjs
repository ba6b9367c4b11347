// `npm run build`: fills pkg/, which holds all published code: pkg/wasm from src/ (wasm-pack),
// pkg/**/*.js and *.d.ts from ts/ (tsc), pkg/node and pkg/cjs from both, and the emoji catalogue.
// Then www/catalogues/emoji.sage, the emoji catalogue of the page, with fewer dimensions, and the
// text encoders of the page's catalogues. Skips outputs that are newer than their inputs.

import { existsSync } from "node:fs";
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { buildCommonJs } from "./lib/commonjs.mjs";
import { nameByOrder } from "./lib/function-order.mjs";
import { writeGlue } from "./lib/glue.mjs";
import { buildNodeBundle } from "./lib/node-bundle.mjs";
import { printTitle, Remedy, reportDone, reportFailure, runScript } from "./lib/output.mjs";
import { buildPageEncoders } from "./lib/page-encoders.mjs";
import { probe, runOrThrow } from "./lib/run.mjs";
import { isUpToDate } from "./lib/up-to-date.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

const packageFolder = join(root, "pkg");
const wasmFolder = join(packageFolder, "wasm");
const nodeFolder = join(packageFolder, "node");
const wasmInputs = [
  ...["src", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"],
  ...["glue", "traps", "short-names", "function-order"].map((name) => `scripts/lib/${name}.mjs`),
];
const typeScriptInputs = ["ts", "tsconfig.json", "package-lock.json", "pkg/wasm/core.d.ts"];
const pageCatalogueInputs = ["www/public/emoji.sage", "ts/cli/build/reduce.ts"];

/**
 * Options of wasm-opt. The enabled features exist in every browser since 2023, Node 16 and workerd.
 */
const wasmOptOptions = [
  // Code without nested expressions, of which blocks and loops are made anew: before each round.
  ...["--flatten", "--rereloop", "-O3", "--flatten", "--rereloop", "-O3"],
  // Texts of panics are zeros: pieces between them would take more than the zeros, gzipped.
  "--skip-pass=memory-packing",
  "--reorder-functions-by-name", // by the names of scripts/lib/function-order.mjs
  "--dealign", // Hints of alignment change nothing, and equal ones compress better.
  // The first bytes are the end of the stack, which comes first in memory: nothing else is there.
  "--low-memory-unused",
  ...["--one-caller-inline-max-function-size=20", "--flexible-inline-max-function-size=8"],
  ...["--strip-producers", "--strip-target-features"],
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

/** Types of what scripts/lib/glue.mjs exports in addition. */
const GLUE_TYPES = `
/**
 * Writes and frees memory: the first call then finds pages that the system has provided.
 */
export function provideMemory(): void;
/**
 * Replaces the wasm instance by a new one.
 */
export function restart(): void;
`;

/** Features that the wasm uses, as the linker names them. */
const linkedFeatures = [
  "bulk-memory",
  "mutable-globals",
  "nontrapping-fptoint",
  "sign-ext",
  "simd128",
];

export async function build() {
  printTitle("Build");
  await buildWasm();
  await embedWasm();
  await buildTypeScript();
  await writeKernel();
  await bundleForNode();
  await copyEmojiCatalogue();
  await buildPageCatalogue();
  await buildPageEncoders();
}

async function buildWasm() {
  if (await isUpToDate(join(wasmFolder, "core_bg.wasm"), wasmInputs))
    return reportDone("wasm", "up to date");
  if (!(await probe("wasm-opt"))) throw new Remedy("wasm-opt is missing: run `npm run setup`.");
  const start = performance.now();
  const outFolder = join(root, "target", "wasm-pack");
  await rm(outFolder, { recursive: true, force: true });
  const { output } = await runOrThrow("wasm-pack", [
    ...["build", "--target", "web", "--release", "--mode", "no-install", "--no-pack"],
    ...["--out-dir", outFolder, "--out-name", "core"],
    ...["--", "--config", await rustFlags()],
  ]);
  if (!/Optimizing wasm binaries with `wasm-opt`/.test(output))
    throw new Remedy(`${output}\nwasm-pack skipped wasm-opt: run \`npm ci\`, which installs it.`);
  const { panicsToTraps } = await import("./lib/traps.mjs"); // its imports need the set-up
  const { shortenNames } = await import("./lib/short-names.mjs");
  const gluePath = join(outFolder, "core.js");
  const { wasm, glue, table } = shortenNames(
    panicsToTraps(await readFile(join(outFolder, "core_bg.wasm"))),
    await readFile(gluePath, "utf8"),
  );
  await writeFile(gluePath, writeGlue(glue, table));
  await appendFile(join(outFolder, "core.d.ts"), GLUE_TYPES);
  const optimise = async (content, ...options) => {
    const [input, output] = ["trapping", "core_bg"].map((name) => join(outFolder, `${name}.wasm`));
    await writeFile(input, content);
    await runOrThrow("wasm-opt", [input, "-o", output, ...wasmOptOptions, ...options]);
    return readFile(output);
  };
  await optimise(nameByOrder(wasm, await optimise(wasm, "-g")), "--strip-debug");
  // Copies three files only: wasm-pack's .gitignore would empty the npm package, and its
  // package.json and README are not the project's.
  await mkdir(wasmFolder, { recursive: true });
  for (const name of ["core.js", "core.d.ts", "core_bg.wasm"])
    await copyFile(join(outFolder, name), join(wasmFolder, name));
  reportDone("wasm", "pkg/wasm", (performance.now() - start) / 1000);
}

/** Writes the wasm as a JavaScript module, for the entries that hold it themselves. */
async function embedWasm() {
  const path = join(wasmFolder, "embedded.js");
  if (await isUpToDate(path, ["pkg/wasm/core_bg.wasm"])) return;
  // Gzip before Base64: Base64 alone takes 30 % more on the wire (docs/decisions/0038).
  const gzipped = gzipSync(await readFile(join(wasmFolder, "core_bg.wasm")), { level: 9 });
  await writeFile(path, `export const gzippedWasm = "${gzipped.toString("base64")}";\n`);
  await writeFile(path.replace(/js$/, "d.ts"), "export declare const gzippedWasm: string;\n");
}

/** Bundles the entries for Node, as ES modules and as CommonJS. */
async function bundleForNode() {
  const inputs = [
    ...["pkg/index.js", "pkg/wasm", "package.json"],
    ...["commonjs", "node-bundle"].map((name) => `scripts/lib/${name}.mjs`),
  ];
  for (const [name, folder, bundle] of [
    ["bundle for node", "node", buildNodeBundle],
    ["commonjs", "cjs", buildCommonJs],
  ]) {
    const outputFolder = join(packageFolder, folder);
    const entry = join(outputFolder, folder === "cjs" ? "index.cjs" : "index.js");
    if (await isUpToDate(entry, inputs)) {
      reportDone(name, "up to date");
      continue;
    }
    const start = performance.now();
    await bundle();
    reportDone(name, `pkg/${folder}`, (performance.now() - start) / 1000);
  }
}

/**
 * Flags of rustc: without this machine's folders in the source paths in panic messages of
 * dependencies; and without the features by which wasm-bindgen would add a function to each export,
 * which moves results from memory to values, and numbers of JavaScript values to references.
 */
async function rustFlags() {
  await runOrThrow("cargo", ["fetch", "--locked"]);
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const registries = existsSync(sources) ? await readdir(sources) : [];
  const flags = [
    ...registries.map((name) => `--remap-path-prefix=${join(sources, name)}=`),
    `-Clink-arg=--features=${linkedFeatures.join(",")}`,
    "-Clink-arg=--no-check-features",
  ];
  return `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(flags)}`;
}

async function buildTypeScript() {
  for (const file of await outputsWithoutSource()) await rm(file);
  if (await isUpToDate(join(packageFolder, "index.js"), typeScriptInputs))
    return reportDone("typescript", "up to date");
  const { seconds } = await runOrThrow("tsc", ["--project", "tsconfig.json"]);
  const cliEntry = join(packageFolder, "cli", "main.js");
  if (existsSync(cliEntry)) await chmod(cliEntry, 0o755);
  reportDone("typescript", "pkg", seconds);
}

/** The kernel of `pocketsage/privacy/server` as a file, for Workers, which import a module. */
async function writeKernel() {
  const { KERNEL_BASE64 } = await import(
    pathToFileURL(join(packageFolder, "privacy", "server", "kernel-bytes.js")).href
  );
  await writeFile(join(wasmFolder, "xor.wasm"), Buffer.from(KERNEL_BASE64, "base64"));
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
  await copyFile(source, join(packageFolder, "emoji.sage"));
  reportDone("emoji.sage", "pkg/emoji.sage");
}

/**
 * Of 384 dimensions the page stores 64: a quarter of the bytes, see
 * docs/decisions/0041-fewer-dimensions.md. The package has all of them.
 */
async function buildPageCatalogue() {
  const source = join(packageFolder, "emoji.sage");
  const target = join(root, "www", "catalogues", "emoji.sage");
  if (!existsSync(source)) return;
  if (await isUpToDate(target, pageCatalogueInputs))
    return reportDone("emoji.sage of the page", "up to date");
  await mkdir(join(root, "www", "catalogues"), { recursive: true }); // not in a fresh clone
  const { seconds } = await runOrThrow(process.execPath, [
    ...[join(packageFolder, "cli", "main.js"), "build", source, "-o", target],
    ...["--dims", "64", "--precision", "compact", "--near-duplicates", "keep", "--no-recall"],
  ]);
  reportDone("emoji.sage of the page", "www/catalogues", seconds);
}

/** Compiled files whose TypeScript source was deleted or moved. They would still be published. */
async function outputsWithoutSource() {
  if (!existsSync(packageFolder)) return [];
  const suffix = /(\.d\.ts|\.js)(\.map)?$/;
  const entries = await readdir(packageFolder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && suffix.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => {
      const source = join(root, "ts", relative(packageFolder, file).replace(suffix, ".ts"));
      const isCompiled = ![wasmFolder, nodeFolder].some((folder) => file.startsWith(folder));
      return isCompiled && !existsSync(source);
    });
}

if (process.argv[1] === import.meta.filename) {
  await runScript(async () => {
    await setup();
    await build();
  });
}
