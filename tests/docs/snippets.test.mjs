// Every code block of README.md and of the guides runs as a reader would run it, in a folder in
// which the packed tarball is installed; blocks that cannot run give their reason in the document.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { blocksOf, isProgram } from "../../site/snippets/extract.mjs";
import { WORDS } from "../../site/snippets/given.mjs";
import { documentsWithCode, openReadersFolder } from "../../site/snippets/run.mjs";

const root = new URL("../../", import.meta.url);

test("a mark says how a block is checked; an unknown mark, or no reason, is an error", () => {
  const text = "`a.js`:\n\n<!-- file: a.js -->\n```js\nlet a;\n```\n\n```sh\nls\n```\n";
  assert.deepEqual(
    blocksOf(text, "x.md").map(({ kind, value, line }) => ({ kind, value, line })),
    [
      { kind: "file", value: "a.js", line: 4 },
      { kind: "run", value: undefined, line: 8 },
    ],
  );
  assert.throws(() => blocksOf("<!-- not run -->\n```js\n```\n", "x.md"), /x.md:2: .*reason/);
  assert.throws(() => blocksOf("<!-- runs -->\n```js\n```\n", "x.md"), /is no mark/);
  assert.throws(() => blocksOf("```\n```\n", "x.md"), /name one/);
});

test("a block that is a file is named in the text before it", () => {
  const block = "<!-- file: a.js -->\n```js\nlet a;\n```\n";
  assert.equal(blocksOf(`First \`a.js\`:\n\n${block}`, "x.md").length, 1);
  assert.throws(() => blocksOf(`First:\n\n${block}`, "x.md"), /x\.md:4: name the file .*`a\.js`/);
});

test("every program of a tutorial has the name of its file", async () => {
  const tutorials = (await documentsWithCode()).filter((path) => path.startsWith("docs/start/"));
  assert.ok(tutorials.length > 5);
  for (const path of tutorials) {
    const blocks = blocksOf(await readFile(new URL(path, root), "utf8"), path);
    const unnamed = blocks.filter(
      (block) =>
        isProgram(block) && (block.kind === "run" || block.kind === "browser") && !block.value,
    );
    assert.deepEqual(unnamed, [], path);
  }
});

test("the ids of the samples are those of the items that the tutorial makes", async () => {
  const tutorial = await readFile(new URL("docs/start/own-items.md", root), "utf8");
  assert.ok(tutorial.includes(JSON.stringify(WORDS).replaceAll(",", ", ")));
  assert.match(tutorial, /id: `\$\{name\}-\$\{i\}`/);
});

describe("the code of", { concurrency: 2 }, async () => {
  let reader;
  before(async () => {
    reader = await openReadersFolder();
  });
  after(() => reader.close());
  for (const document of await documentsWithCode())
    test(document, async () => {
      const { failures } = await reader.run(document);
      assert.deepEqual(failures, []);
    });
});
