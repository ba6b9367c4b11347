// The public types, word for word. A change of them is a change for everybody who uses the package: it wants a line in the CHANGELOG, and
// `node tests/docs/api.test.mjs --update`.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

const pkg = new URL("../../pkg/", import.meta.url);
const snapshot = new URL("api.snapshot.txt", import.meta.url);

/** index.d.ts and every file it exports from, without comments. */
async function publicTypes() {
  const index = await readFile(new URL("index.d.ts", pkg), "utf8");
  const files = new Set([...index.matchAll(/from "\.\/(.+)\.js"/g)].map(([, name]) => `${name}.d.ts`));
  const parts = [];
  for (const file of ["index.d.ts", ...[...files].sort()]) {
    const text = await readFile(new URL(file, pkg), "utf8");
    parts.push(`// ${file}\n${text.replace(/\/\*\*?[^]*?\*\/\s*|^\/\/.*\n/gm, "").trim()}\n`);
  }
  return parts.join("\n");
}

const types = await publicTypes();
if (process.argv.includes("--update")) await writeFile(snapshot, types);

test("the public types are those of the snapshot", async () => {
  assert.equal(types, await readFile(snapshot, "utf8"));
});
