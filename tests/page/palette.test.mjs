// Colours: palette.css is the only source, and the theme colours of index.html are copies of it.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const page = new URL("../../www/", import.meta.url);
const read = (path) => readFile(new URL(path, page), "utf8");
const palette = await read("src/style/palette.css");
const sheets = (await readdir(new URL("src/style/", page))).filter((name) => name.endsWith(".css"));

/** Hexadecimal colours, colour functions, and the named colours that a sheet might contain. */
const COLOUR = new RegExp(
  [
    String.raw`#[\da-f]{3,8}\b`,
    String.raw`\b(rgba?|hsla?|hwb|lab|lch|oklab|oklch|color|light-dark)\(`,
    String.raw`\b(black|white|gr[ae]y|red|green|blue|yellow|orange|purple|pink|brown)\b`,
  ].join("|"),
  "i",
);

test("palette.css is the only style sheet with colour values", async () => {
  assert.match(palette, COLOUR);
  assert.ok(sheets.length > 10, "the style sheets are found");
  for (const sheet of sheets.filter((name) => name !== "palette.css")) {
    const css = (await read(`src/style/${sheet}`)).replaceAll(/\/\*.*?\*\//gs, "");
    // Values only: selectors may contain words and fragments that look like colours.
    for (const [, value] of css.matchAll(/^\s+[\w-]+:\s*([^;{]+);/gm))
      assert.doesNotMatch(value.replaceAll(/var\([^)]*\)/g, ""), COLOUR, `${sheet}: ${value}`);
  }
});

test("the theme colours of index.html equal the background of each scheme", async () => {
  const [, light, dark] = palette.match(/--background: light-dark\((#\w+), (#\w+)\);/);
  const html = await read("index.html");
  const metas = [...html.matchAll(/name="theme-color" content="(#\w+)" media="\((.*?)\)"/g)];
  assert.deepEqual(
    metas.map(([, colour, media]) => [media, colour]),
    [
      ["prefers-color-scheme: light", light],
      ["prefers-color-scheme: dark", dark],
    ],
  );
});

test("the check of emoji uses the font of the style sheets", async () => {
  const [, sheetFont] = (await read("src/style/base.css")).match(/--emoji: (.*);/);
  const [, checkedFont] = (await read("src/emoji-support.ts")).match(/EMOJI_FONT = '(.*)';/);
  assert.equal(checkedFont, sheetFont);
});

test("every style sheet is imported by style.css, the palette first", async () => {
  const imports = (await read("src/style.css")).matchAll(/@import "\.\/style\/([\w-]+\.css)";/g);
  const names = [...imports].map(([, name]) => name);
  assert.deepEqual([...names].sort(), sheets.sort());
  assert.equal(names[0], "palette.css");
});
