// The public types equal the snapshot. A change of them changes the API: it needs a line in
// CHANGELOG.md, and `npm run build && node tests/docs/api.test.mjs --update`. By hand:
// api-extractor brings 43 packages for the same text.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

const pkg = new URL("../../pkg/", import.meta.url);
const snapshot = new URL("api.snapshot.txt", import.meta.url);

const ENTRIES = [
  ...["index", "remote/index", "evaluate/index", "names/index", "text/index"],
  "catalogue/ranged/index",
  ...["react", "vue", "svelte"].map((name) => `frameworks/${name}`),
  ...["privacy/index", "privacy/server/index", "privacy/ohttp/index"],
  ...["vault/index", "sage/migrate/index"],
];

/** The types of each entry and every file they re-export, without comments. */
async function publicTypes() {
  const paths = new Set();
  for (const entry of ENTRIES) {
    const index = `${entry}.d.ts`;
    paths.add(index);
    const folder = index.slice(0, index.lastIndexOf("/") + 1);
    const text = await readFile(new URL(index, pkg), "utf8");
    const exported = Array.from(text.matchAll(/from "\.\/(.+)\.js"/g), ([, name]) => name);
    for (const name of exported.sort()) paths.add(`${folder}${name}.d.ts`);
  }
  const parts = [];
  for (const path of paths) {
    const text = await readFile(new URL(path, pkg), "utf8");
    parts.push(`// ${path}\n${text.replace(/\/\*\*?[\s\S]*?\*\/\s*|^\/\/.*\n?/gm, "").trim()}\n`);
  }
  return parts.join("\n");
}

const types = await publicTypes();
if (process.argv.includes("--update")) await writeFile(snapshot, types);

test("the public types equal the snapshot", async () => {
  assert.equal(types, await readFile(snapshot, "utf8"));
});
