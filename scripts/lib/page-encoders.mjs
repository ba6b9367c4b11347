// The text encoders of the page's catalogues. Each is a file of its own, which the page loads when
// words are typed: a catalogue of one item in the same vector space, with the text section that
// `pocketsage build --text` learns from all items. The payload of its item has the words that were
// learned and that no payload of the page's catalogue contains.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { reportDone } from "./output.mjs";
import { runOrThrow } from "./run.mjs";
import { isUpToDate } from "./up-to-date.mjs";
import { root } from "./versions.mjs";

/** Per catalogue: its file, the payload fields with texts (the name first), their reader. */
const TEXTS = {
  emoji: {
    file: "www/catalogues/emoji.sage",
    fields: ["label", "tags"],
    readTexts: readEmojiTexts,
  },
  words: {
    file: "data/words/words.sage",
    fields: ["label", "about"],
    readTexts: async () => new Map(),
  },
};
const INPUTS = [
  ...["scripts/lib/page-encoders.mjs", "ts/text"],
  ...["text", "text-matrix", "text-tower"].map((name) => `ts/cli/build/${name}.ts`),
];

const catalogueFolder = join(root, "www", "catalogues");
const workFolder = join(root, "target", "page");

/** Writes www/catalogues/NAME-text.sage for each catalogue of the page. */
export async function buildPageEncoders() {
  await mkdir(workFolder, { recursive: true });
  for (const [name, { file, fields, readTexts }] of Object.entries(TEXTS)) {
    const title = `${name}-text.sage`;
    const target = join(catalogueFolder, title);
    if (await isUpToDate(target, [file, ...INPUTS])) {
      reportDone(title, "up to date");
      continue;
    }
    const start = performance.now();
    await writeFile(target, await buildEncoder(name, file, fields, await readTexts()));
    reportDone(title, "www/catalogues", (performance.now() - start) / 1000);
  }
}

/** The bytes of the encoder. `texts` has payload fields that replace those of the catalogue. */
async function buildEncoder(name, file, fields, texts) {
  const { Catalogue } = await import(pathToFileURL(join(root, "pkg", "entry", "node.js")).href);
  const catalogue = await Catalogue.fromBytes(await readFile(join(root, file)));
  const wordsOf = (payload) => fields.flatMap((field) => splitWords(payload[field]));
  const ids = [...catalogue.ids()];
  const payloads = ids.map((id) => catalogue.payload(id));
  const storedWords = new Set(payloads.flatMap(wordsOf));
  const rows = ids.map((id, row) => [
    ...[id, catalogue.vector(id)],
    { ...payloads[row], ...texts.get(id) },
  ]);
  const words = [...new Set(rows.flatMap(([, , payload]) => wordsOf(payload)))];
  catalogue.add(rows);
  const source = join(workFolder, `${name}.sage`);
  await writeFile(source, catalogue.toBytes());
  catalogue.close();

  const encoderPath = join(workFolder, `${name}-text.sage`);
  await runOrThrow(process.execPath, [
    ...[join(root, "pkg", "cli", "main.js"), "build", source, "-o", encoderPath],
    ...["--text", fields.join(), "--precision", "compact", "--near-duplicates", "keep"],
    ...["--no-recall", "--quiet"],
  ]);
  const encoder = await Catalogue.fromBytes(await readFile(encoderPath));
  const [first, ...rest] = encoder.ids();
  const others = words.filter((word) => !storedWords.has(word));
  encoder.add([[first, encoder.vector(first), { words: others }]]);
  encoder.remove(rest);
  encoder.compact();
  const bytes = encoder.toBytes();
  encoder.close();
  return bytes;
}

/** All tags of each emoji; the catalogue stores four of them. */
async function readEmojiTexts() {
  const path = join(root, "node_modules", "emojibase-data", "en", "data.json");
  const entries = JSON.parse(await readFile(path, "utf8"));
  return new Map(entries.map(({ hexcode, label, tags = [] }) => [hexcode, { label, tags }]));
}

function splitWords(value) {
  return (
    [value ?? ""]
      .flat()
      .join(" ")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}
