// The public types, word for word. A change of them is a change for everybody who uses the package: it wants a line in the CHANGELOG, and
// `node tests/docs/api.test.mjs --update`.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

const pkg = new URL("../../pkg/", import.meta.url);
const snapshot = new URL("api.snapshot.txt", import.meta.url);

/** index.d.ts, remote/index.d.ts and every file they export from, without comments. */
async function publicTypes() {
  const files = new Set();
  for (const index of ["index.d.ts", "remote/index.d.ts"]) {
    files.add(index);
    const folder = index.slice(0, -"index.d.ts".length);
    const text = await readFile(new URL(index, pkg), "utf8");
    for (const name of [...text.matchAll(/from "\.\/(.+)\.js"/g)]
      .map(([, name]) => `${folder}${name}.d.ts`)
      .sort())
      files.add(name);
  }
  const parts = [];
  for (const file of files) {
    const text = await readFile(new URL(file, pkg), "utf8");
    parts.push(`// ${file}\n${text.replace(/\/\*\*?[^]*?\*\/\s*|^\/\/.*\n?/gm, "").trim()}\n`);
  }
  return parts.join("\n");
}

const types = await publicTypes();
if (process.argv.includes("--update")) await writeFile(snapshot, types);

test("the public types are those of the snapshot", async () => {
  assert.equal(types, await readFile(snapshot, "utf8"));
});
