// The hex dump in docs/format.md equals the bytes that are written.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { Catalogue } from "pocketsage";

const documentUrl = new URL("../../docs/format.md", import.meta.url);
/** Comments of the dump, by hexadecimal offset. */
const comments = {
  "0000": "magic; hash",
  "0010": "version 1; n = 2; d = 4; metric 0",
  "0020": "spread 2.0; 888 bytes",
  "0030": "9 sections; norms 78.6 and 0.25",
  "0040": "table: kind 1 at 0x140,",
  "0050": "  8 bytes; kind 2",
  "0140": "1 scales: 0.0126984, 0.0158730",
  "0180": "2 codes, 64 is 0; the second row",
  "01c0": "4 id offsets: 2, 5",
  "0200": '5 ids: "é", "tea"',
  "0240": '6 id order: row 1 ("tea"), row 0',
  "0280": "3 residuals",
  "02c0": "7 payload offsets: 11, 11",
  "0300": '8 payloads: {"price":5}, empty',
  "0340": "10 attributes: 1 column",
  "0350": "kind 0, a name of 5 bytes",
  "0360": '"price"; 5.0 for row 0',
  "0370": "NaN for row 1",
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
    const hexOffset = offset.toString(16).padStart(4, "0");
    lines.push(`${hexOffset}  ${hex}  ${comments[hexOffset] ?? ""}`.trimEnd());
  }
  const text = await readFile(documentUrl, "utf8");
  const dump = `\`\`\`hex\n${lines.join("\n")}\n\`\`\``;
  if (process.env.UPDATE) await writeFile(documentUrl, text.replace(/```hex\n[\s\S]*?\n```/, dump));
  else assert.ok(text.includes(dump), "UPDATE=1 node tests/docs/format.test.mjs updates the dump");
});
