// docs/format.md shows the very bytes.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { Catalogue } from "pocketsage";

const file = new URL("../../docs/format.md", import.meta.url);
const notes = {
  0x0000: "magic; hash",
  0x0010: "version 1; n = 2; d = 4; metric 0",
  0x0020: "spread 2.0; 888 bytes",
  0x0030: "9 sections; reaches 78.6 and 0.25",
  0x0040: "table: kind 1 at 0x140,",
  0x0050: "  8 bytes; kind 2",
  0x0140: "1 scales: 0.0126984, 0.0158730",
  0x0180: "2 codes, 64 is 0; the second row",
  0x01c0: "4 ends of ids: 2, 5",
  0x0200: '5 ids: "é", "tea"',
  0x0240: '6 id order: row 1 ("tea"), row 0',
  0x0280: "3 residuals",
  0x02c0: "7 ends of payloads: 11, 11",
  0x0300: '8 payloads: {"price":5}, nothing',
  0x0340: "10 attributes: 1 column",
  0x0350: "kind 0, a name of 5 bytes",
  0x0360: '"price"; 5.0 for row 0',
  0x0370: "NaN for row 1",
};

test("the example in docs/format.md is what the catalogue writes", async () => {
  const items = [
    ["é", Float32Array.of(3, 0, -4, 0), { price: 5 }],
    ["tea", Float32Array.of(0, 1, 0, 0)],
  ];
  const bytes = (await Catalogue.from(items, { dim: 4, attributes: ["price"] })).toBytes();
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Array.from(bytes.subarray(at, at + 16), (byte) =>
      byte.toString(16).padStart(2, "0"),
    );
    if (row.every((byte) => byte === "00")) continue;
    const hex = `${row.slice(0, 8).join(" ")}  ${row.slice(8).join(" ")}`.padEnd(48);
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex}  ${notes[at] ?? ""}`.trimEnd());
  }
  const text = await readFile(file, "utf8");
  const shown = lines.join("\n");
  if (process.env.UPDATE)
    await writeFile(file, text.replace(/```hex\n[^]*?\n```/, `\`\`\`hex\n${shown}\n\`\`\``));
  else
    assert.ok(
      text.includes(`\`\`\`hex\n${shown}\n\`\`\``),
      "UPDATE=1 node tests/docs/format.test.mjs writes it anew",
    );
});
