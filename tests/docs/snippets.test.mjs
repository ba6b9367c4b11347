// Every code block of README.md and of the guides runs as a reader would run it, in a folder in
// which the packed tarball is installed; blocks that cannot run give their reason in the document.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blocksOf } from "../../site/snippets/extract.mjs";
import { documentsWithCode, openReadersFolder } from "../../site/snippets/run.mjs";

test("a mark says how a block is checked; an unknown mark, or no reason, is an error", () => {
  const text = "<!-- file: a.js -->\n```js\nlet a;\n```\n\n```sh\nls\n```\n";
  assert.deepEqual(
    blocksOf(text, "x.md").map(({ kind, value, line }) => ({ kind, value, line })),
    [
      { kind: "file", value: "a.js", line: 2 },
      { kind: "run", value: undefined, line: 6 },
    ],
  );
  assert.throws(() => blocksOf("<!-- not run -->\n```js\n```\n", "x.md"), /x.md:2: .*reason/);
  assert.throws(() => blocksOf("<!-- runs -->\n```js\n```\n", "x.md"), /is no mark/);
  assert.throws(() => blocksOf("```\n```\n", "x.md"), /name one/);
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
