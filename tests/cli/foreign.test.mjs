// Files that are of no format that is read, although their names or their text look like one: the
// error names what they are.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readItems } from "../../pkg/cli/read/item-file.js";
import { READ_OPTIONS } from "./read-options.mjs";
import { folder, pocketsage } from "./run.mjs";

const { put } = await folder();

/** What files of these kinds begin with, and what the error says. */
const KINDS = {
  "a pointer of Git LFS": [
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
    /Git LFS: run git lfs pull/,
  ],
  "a zip archive of ASCII bytes": ["PK\x03\x04\x0a\0\0\0\0\0abc", /zip archive .*unpack it/],
  "a web page": ["\n<!DOCTYPE html>\n<html><body>404</body></html>\n", /web page/],
  "a page without a doctype": ["<html>\n<head>", /web page/],
  "a PDF": ["%PDF-1.7\n1 0 obj\n", /PDF/],
};
const NAMES = ["items.csv", "items.jsonl", "items.json", "items.txt", "items.npy"].concat(
  ...["items.parquet", "items.arrow", "items.safetensors", "items.vec", "items.tsv"],
);

for (const [kind, [content, expected]] of Object.entries(KINDS))
  test(`${kind} is named in the error, whatever the name of the file`, async () => {
    const files = await Promise.all(NAMES.map((name) => put(name, Buffer.from(content, "latin1"))));
    files.push(await put("items.jsonl.gz", gzipSync(Buffer.from(content, "latin1"))));
    for (const file of files) await assertRefused(file, expected);
  });

test("a pointer of Git LFS in place of a compressed file, and of the file of ids", async () => {
  const [content, expected] = KINDS["a pointer of Git LFS"];
  await assertRefused(await put("pointer.jsonl.gz", content), expected);
  const vectors = await put("vectors.txt", "1 2\n3 4\n");
  const ids = await put("ids.txt", content);
  await assertRefused(vectors, expected, { ids });
});

test("text that begins like another format is read", async () => {
  for (const content of [
    "version,vector\n<html>,1 2\nPK,3 4\n%PDF-,5 6\n",
    "<unk> 1 2\n<s> 3 4\n",
    "PAR1,vector\na,1 2\n",
  ]) {
    const id = content.startsWith("PAR1") ? "PAR1" : "version";
    const file = await put("items.txt", content);
    const { items } = await readItems(
      file,
      content.startsWith("<") ? READ_OPTIONS : { ...READ_OPTIONS, id },
    );
    assert.equal(items.length, content.trim().split("\n").length - (content[0] === "<" ? 0 : 1));
  }
});

test("from the standard input, as an error of the command", async () => {
  const [content, expected] = KINDS["a web page"];
  const args = ["build", "-", "-o", "never.sage"];
  const { code, stderr } = await pocketsage(args, { input: content });
  assert.equal(code, 1);
  assert.match(stderr, expected);
  assert.match(stderr, /^pocketsage: stdin: /);
});

async function assertRefused(file, expected, more) {
  await assert.rejects(readItems(file, { ...READ_OPTIONS, ...more }), (error) => {
    const { message } = error;
    assert.equal(error.constructor.name, "InputError", error.stack);
    assert.match(message, expected, file);
    assert.ok(message.length <= 500, message);
    return true;
  });
}
