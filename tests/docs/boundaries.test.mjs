// The lint rules of biome.json keep the folders of ts/ apart (ARCHITECTURE.md, "Invariants"): they
// reject forbidden imports, requests from other files than those that may send, and import cycles.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const biome = join(root, "node_modules", ".bin", "biome");
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pocketsage-boundaries-"));
  const { $schema, vcs, ...config } = JSON.parse(await readFile(join(root, "biome.json"), "utf8"));
  await writeFile(join(folder, "biome.json"), JSON.stringify(config));
  await cp(join(root, "scripts", "lint"), join(folder, "scripts", "lint"), { recursive: true });
});
after(() => rm(folder, { recursive: true, force: true }));

/** Output of `biome lint` for only these files, by path. */
async function lint(files) {
  await rm(join(folder, "ts"), { recursive: true, force: true });
  for (const [path, code] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), code);
  }
  return new Promise((resolve) => {
    execFile(biome, ["lint", "--colors=off", "ts"], { cwd: folder }, (error, stdout, stderr) =>
      resolve(`exit ${error?.code ?? 0}\n${stdout}${stderr}`),
    );
  });
}

const REJECTED = {
  "a request in a file that may not send": ["ts/sage/x.ts", 'fetch("/a");', /Requests leave/],
  "a request through globalThis": ["ts/core/x.ts", 'globalThis.fetch("/a");', /Requests leave/],
  "a beacon": ["ts/store/x.ts", 'navigator.sendBeacon("/a");', /Requests leave/],
  "a socket": ["ts/catalogue/x.ts", 'new WebSocket("/a");', /connections/],
  "generated code": ["ts/sage/x.ts", 'import "../wasm/core.js";', /import generated code/],
  "a Node module": ["ts/sage/x.ts", 'import "node:fs";', /Node modules/],
  "the network in the CLI": ["ts/cli/x.ts", 'import "node:http";', /does not use the network/],
  "a file beside the code": ["ts/sage/x.ts", "console.log(import.meta.url);", /locate files/],
  "core using sage": ["ts/core/x.ts", 'import "../sage/sage.js";', /lowest layer/],
  "catalogue using sage": ["ts/catalogue/x.ts", 'import "../sage/sage.js";', /builds on ts\/core/],
  "a store using core": ["ts/store/x.ts", 'import "../core/glue.js";', /A store handles bytes/],
  "remote using sage": ["ts/remote/x.ts", 'import "../sage/sage.js";', /builds on/],
  "privacy using sage": ["ts/privacy/x.ts", 'import "../sage/sage.js";', /ts\/privacy\/ builds on/],
  "the vault using the log": ["ts/vault/x.ts", 'import "../sage/log.js";', /ts\/vault\/ builds on/],
  "a framework using the core": ["ts/frameworks/x.ts", 'import "../core/glue.js";', /ground files/],
  "a framework opening a sage": ["ts/frameworks/x.ts", 'import "../sage/open.js";', /ground files/],
  "a request in ts/privacy beside send.ts": ["ts/privacy/x.ts", 'fetch("/a");', /Requests leave/],
  "a server of cells using the client": [
    "ts/privacy/server/x.ts",
    'import "../send.js";',
    /need neither the client/,
  ],
  "an entry using the CLI": ["ts/entry/x.ts", 'import "../cli/main.js";', /re-exports/],
};

for (const [name, [path, code, message]] of Object.entries(REJECTED))
  test(`lint rejects ${name}`, async () => {
    const output = await lint({ [path]: `${code}\n` });
    assert.match(output, message);
    assert.doesNotMatch(output, /^exit 0/);
  });

test("lint rejects an import cycle of types", async () => {
  const output = await lint({
    "ts/a.ts": 'import type { B } from "./b.js";\nexport type A = B | 1;\n',
    "ts/b.ts": 'import type { A } from "./a.js";\nexport type B = A | 2;\n',
  });
  assert.match(output, /part of a cycle/);
});

test("lint accepts files that may send, the glue, the entries and the CLI", async () => {
  const output = await lint({
    "ts/catalogue/download.ts": 'fetch("/a");\n',
    "ts/remote/http.ts": 'globalThis.fetch("/a");\n',
    "ts/privacy/send.ts": 'fetch("/a");\n',
    "ts/core/glue.ts": 'import "../wasm/core.js";\n',
    "ts/entry/node.ts": 'import "node:fs";\nconsole.log(import.meta.url);\n',
    "ts/cli/write.ts": 'import "node:fs";\n',
    "ts/frameworks/x.ts": 'import type { Sage } from "../sage/types.js";\nexport type A = Sage;\n',
  });
  assert.match(output, /^exit 0/);
});
