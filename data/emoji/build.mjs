// Makes www/public/emoji.sage from emojibase-data: Python environment, embed.py, `pocketsage
// build`. Needs Python 3.11 and a finished `npm run build`. Installs the environment only if its
// requirements changed.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Remedy, runScript } from "../../scripts/lib/output.mjs";
import { pythonEnvironment } from "../../scripts/lib/python.mjs";
import { runOrThrow } from "../../scripts/lib/run.mjs";
import { root } from "../../scripts/lib/versions.mjs";

const MAX_BYTES = 1_000_000; // of the committed file
// At 0.9, variants of people (man, woman, person running) and of a few things are near-duplicates;
// no two flags are.
const NEAR_DUPLICATES = ["--near-duplicates", "group", "--near", "0.9"];
const MODEL = "all-MiniLM-L6-v2@int8"; // the model of embed.py, in the name of the vector space

const here = import.meta.dirname;
const items = join(root, ".tools", "emoji", "items.jsonl");
const catalogue = join(root, "www", "public", "emoji.sage");
const cli = join(root, "pkg", "cli", "main.js");

await runScript(async () => {
  if (!existsSync(cli)) throw new Remedy(`${cli} is missing: run \`npm run build\` first.`);
  const requirements = join(here, "requirements.txt");
  const options = { minutes: 10, pipOptions: ["--no-deps"] };
  const { python } = await pythonEnvironment("emoji-venv", requirements, options);
  await runOrThrow(python, [join(here, "embed.py"), "--out", items], { show: true });
  const build = ["build", items, "-o", catalogue, "--precision", "compact", "--space", MODEL];
  await runOrThrow(process.execPath, [cli, ...build, ...NEAR_DUPLICATES], { show: true });
  const { size } = statSync(catalogue);
  if (size > MAX_BYTES)
    throw new Remedy(
      `${catalogue} has ${size} bytes, at most ${MAX_BYTES} may be committed: ` +
        "lower MAX_STORED_TAGS in embed.py.",
    );
  console.log(`${catalogue}: ${size} bytes`);
});
