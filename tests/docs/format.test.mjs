// The hex dump in docs/format.md equals the bytes that are written.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { Catalogue } from "pocketsage";

const documentUrl = new URL("../../docs/format.md", import.meta.url);
/** Comments of the dump by offset. */
const comments = {
  0: "magic; hash",
  16: "version 1; n = 2; d = 4; metric 0",
  32: "spread 2.0; 888 bytes",
  48: "9 sections; reaches 78.6 and 0.25",
  64: "table: kind 1 at 0x140,",
  80: "  8 bytes; kind 2",
  320: "1 scales: 0.0126984, 0.0158730",
  384: "2 codes, 64 is 0; the second row",
  448: "4 ends of ids: 2, 5",
  512: '5 ids: "é", "tea"',
  576: '6 id order: row 1 ("tea"), row 0',
  640: "3 residuals",
  704: "7 ends of payloads: 11, 11",
  768: '8 payloads: {"price":5}, nothing',
  832: "10 attributes: 1 column",
  848: "kind 0, a name of 5 bytes",
  864: '"price"; 5.0 for row 0',
  880: "NaN for row 1",
};

test("the hex dump of docs/format.md is the catalogue of its example", async () => {
  const items = [
    ["é", Float32Array.of(3, 0, -4, 0), { price: 5 }],
    ["tea", Float32Array.of(0, 1, 0, 0)],
  ];
  const bytes = (await Catalogue.from(items, { dim: 4, attributes: ["price"] })).toBytes();
  const lines = [];
  for (let offset = 0; offset < bytes.length; offset += 16) {
    const row = Array.from(bytes.subarray(offset, offset + 16), (byte) =>
      byte.toString(16).padStart(2, "0"),
    );
    if (row.every((byte) => byte === "00")) continue;
    const hex = `${row.slice(0, 8).join(" ")}  ${row.slice(8).join(" ")}`.padEnd(48);
    lines.push(
      `${offset.toString(16).padStart(4, "0")}  ${hex}  ${comments[offset] ?? ""}`.trimEnd(),
    );
  }
  const text = await readFile(documentUrl, "utf8");
  const dump = `\`\`\`hex\n${lines.join("\n")}\n\`\`\``;
  if (process.env.UPDATE) await writeFile(documentUrl, text.replace(/```hex\n[\s\S]*?\n```/, dump));
  else assert.ok(text.includes(dump), "UPDATE=1 node tests/docs/format.test.mjs updates the dump");
});
