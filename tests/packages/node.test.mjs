// The contents of the tarball, and the installed package in Node: import, require, npx.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { wrongFiles } from "../../scripts/lib/package.mjs";
import {
  actions,
  createProject,
  expectedResult,
  now,
  PROGRAM_SOURCE,
  root,
  run,
} from "./consumer.mjs";

const { path, put, files } = await createProject();
const installed = join(path, "node_modules", "pocketsage");

test("the tarball has every file that the manifest names, and no source but ts/", async () => {
  assert.deepEqual(await wrongFiles(files), []);
  const documents = ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"];
  for (const file of [...documents, "pkg/wasm/core_bg.wasm", "pkg/emoji.sage", "pkg/cli/main.js"]) {
    assert.ok(files.includes(file), `${file} is missing`);
  }
  const source = /gitignore|^(src|tests|scripts|www|target)\/|^pkg\/.*(?<!\.d)\.ts$|\.(rs|mjs)$/;
  assert.deepEqual(
    files.filter((file) => source.test(file)),
    [],
  );
});

test("every module of the package can be imported and required, with types", async () => {
  const { exports } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const modules = Object.entries(exports).filter(([, target]) => typeof target === "object");
  for (const [name, target] of modules) {
    const file = name === "." || name === "./inline" ? "index" : name.slice(2).replace("/", "-");
    const expected = { types: target.types, require: `./pkg/cjs/${file}.cjs` };
    assert.ok(target.types.require.endsWith(".d.cts"), `${name}: types.require`);
    assert.ok(target.types.default.endsWith(".d.ts"), `${name}: types.default`);
    const { require, types } = target;
    assert.deepEqual({ types, require }, expected, `${name}: see "./names" in package.json`);
    if (name !== ".") assert.equal(target["module-sync"], target.default, name);
  }
});

test("Parcel, which reads no `exports` by default, finds each module by `alias`", async () => {
  const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const { alias, exports, module } = manifest;
  const modules = Object.entries(exports).filter(([, target]) => typeof target === "object");
  const paths = Object.fromEntries(modules.map(([name, target]) => [name, target.default]));
  assert.deepEqual({ ".": module, ...alias }, paths);
});

test("node10 of TypeScript, without `exports`, finds each module by `typesVersions`", async () => {
  const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const modules = Object.entries(manifest.exports).filter(([, { types }]) => types);
  const paths = Object.fromEntries(
    modules.map(([name, { types }]) => [name.replace(/^\.\/?/, ""), [types.default]]),
  );
  assert.deepEqual({ "": [manifest.types], ...manifest.typesVersions["*"] }, paths);
});

test("import and require give one instance", async () => {
  const file = await put(
    "one-instance.cjs",
    `const { SageError } = require("pocketsage");
     import("pocketsage").then((module) => console.log(module.SageError === SageError));`,
  );
  const { stdout } = await run(process.execPath, [file], path);
  assert.equal(stdout, "true\n");
});

test("installed files equal built files", async () => {
  const pairs = [
    ["pkg/wasm/core_bg.wasm"],
    ["pkg/emoji.sage"],
    ["pkg/emoji.sage", "www/public/emoji.sage"],
  ];
  for (const [file, source = file] of pairs) {
    const installedBytes = await readFile(join(installed, file));
    const builtBytes = await readFile(join(root, source));
    assert.ok(installedBytes.equals(builtBytes), `installed ${file} differs from ${source}`);
  }
});

test("every source map is in the package, and so is each source that it names", async () => {
  const isPacked = new Set(files);
  let count = 0;
  for (const file of files.filter((name) => /\.(c?js|d\.c?ts)$/.test(name))) {
    const text = await readFile(join(installed, file), "utf8");
    const [, address] = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(text) ?? [];
    if (address === undefined) continue;
    const map = join(file, "..", address);
    assert.ok(isPacked.has(map), `${file} names ${address}`);
    const { sources, sourceRoot = "" } = JSON.parse(await readFile(join(installed, map), "utf8"));
    for (const source of sources)
      assert.ok(isPacked.has(join(map, "..", sourceRoot, source)), `${map} names ${source}`);
    count += 1;
  }
  assert.ok(count > 300, `${count} source maps`);
});

test("no file of the package contains a path of the machine that built it", async () => {
  for (const file of files) {
    const text = await readFile(join(installed, file), "latin1");
    for (const folder of [homedir(), root, join("registry", "src")])
      assert.ok(!text.includes(folder), `${file} contains ${folder}`);
  }
});

test("each dependency is imported by one entry only, and none by the main entry", async () => {
  const names = (await readdir(join(path, "node_modules"))).filter((name) => !name.startsWith("."));
  assert.deepEqual(names.sort(), [
    ...["@hpke", "@uwdata", "fzstd", "hyparquet", "hyparquet-compressors", "hysnappy", "lz4js"],
    "pocketsage",
  ]);
  const importing = [];
  for (const file of files.filter((name) => name.endsWith(".js"))) {
    const text = await readFile(join(installed, file), "utf8");
    if (/import.*["'](hyparquet(-compressors)?|@(uwdata|hpke)\/\w+|lz4js)["']/.test(text))
      importing.push(file);
  }
  assert.deepEqual(importing.sort(), [
    "pkg/cli/read/arrow-decode.js",
    "pkg/cli/read/parquet-decode.js",
    "pkg/node/privacy-ohttp.js", // the bundle of the next
    "pkg/privacy/ohttp/encapsulation.js",
  ]);
});

const body = `
  const program = ${PROGRAM_SOURCE};
  const bytes = new Uint8Array(readFileSync(BYTES));
  const result = await program(pocketsage, bytes, ${JSON.stringify(actions)}, ${now});
  console.log(JSON.stringify(result));`;

test("import in Node gives the expected result", async () => {
  const file = await put(
    "program.mjs",
    `import { readFileSync } from "node:fs";
     import { fileURLToPath } from "node:url";
     import * as pocketsage from "pocketsage";
     const BYTES = fileURLToPath(import.meta.resolve("pocketsage/emoji.sage"));
     ${body}`,
  );
  const { stdout, stderr } = await run(process.execPath, [file], path);
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), await expectedResult());
});

test("require in Node gives the expected result: no module has a top-level await", async () => {
  const file = await put(
    "program.cjs",
    `const { readFileSync } = require("node:fs");
     const pocketsage = require("pocketsage");
     const BYTES = require.resolve("pocketsage/emoji.sage");
     (async () => {${body}})();`,
  );
  const { stdout } = await run(process.execPath, [file], path);
  assert.deepEqual(JSON.parse(stdout), await expectedResult());
});

test("npx pocketsage: --help and recommend", async () => {
  const npx = (...args) => run("npx", ["--no-install", "pocketsage", ...args], path);
  assert.match((await npx("--help")).stdout, /^PocketSage: .*\n\nUsage\n/);
  const csv = join(root, "tests/fixtures/emoji-actions.csv");
  const { stdout } = await npx(
    "recommend",
    "-c",
    join(installed, "pkg/emoji.sage"),
    "-a",
    csv,
    "--now",
    String(now),
    "--json",
  );
  const { interests, recommendations } = JSON.parse(stdout);
  const expected = await expectedResult();
  assert.deepEqual(
    interests.map(({ medoid }) => medoid),
    expected.interests.map(({ medoid }) => medoid),
  );
  assert.deepEqual(
    recommendations.map(({ item, score, because }) => ({ item, score, because })),
    expected.recommendations,
  );
  assert.ok(
    (await stat(join(installed, "pkg/cli/main.js"))).mode & 0o100,
    "main.js must be executable",
  );
});
