// Makes www/public/emoji.sage from emojibase-data: virtual environment -> embed.py -> `pocketsage build`.
// Needs Python 3.11 and a finished `npm run build`; each step says what it does and is skipped when its result is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const LARGEST = 1_000_000;

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const venv = join(root, ".tools", "emoji-venv");
const items = join(root, ".tools", "emoji", "items.jsonl");
const catalogue = join(root, "www", "public", "emoji.sage");
const cli = join(root, "pkg", "cli", "main.js");

const python = prepareVenv();
run(python, [join(here, "embed.py"), "--out", items]);
if (!existsSync(cli)) fail(`${cli} is missing: run \`npm run build\` first`);
// At 0.9 the variants of people (man, woman, person running) and of a few things are of a kind, and no two flags are.
run(process.execPath, [
  cli,
  "build",
  items,
  "-o",
  catalogue,
  ...["--precision", "compact", "--near-duplicates", "group", "--near", "0.9"],
]);
const size = statSync(catalogue).size;
if (size > LARGEST)
  fail(
    `${catalogue} has ${size} bytes, at most ${LARGEST} may be committed: lower TAGS_KEPT in embed.py`,
  );
console.log(`${catalogue}: ${size} bytes`);

/** The Python of the virtual environment, made anew whenever the pinned requirements change. */
function prepareVenv() {
  const executable = join(venv, "bin", "python");
  const wanted = readFileSync(join(here, "requirements.txt"), "utf8");
  const installed = join(venv, "installed-requirements.txt");
  if (existsSync(executable) && existsSync(installed) && readFileSync(installed, "utf8") === wanted)
    return executable;
  run("python3", ["-m", "venv", "--clear", venv]);
  run(executable, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "-r",
    join(here, "requirements.txt"),
  ]);
  writeFileSync(installed, wanted);
  return executable;
}

function run(command, args) {
  console.log(`$ ${[command, ...args].join(" ")}`);
  const { status, error } = spawnSync(command, args, { stdio: "inherit", cwd: root });
  if (error) fail(`${command} cannot be started: ${error.message}`);
  if (status !== 0) fail(`${command} ended with ${status}`);
}

function fail(message) {
  console.error(`emoji: ${message}`);
  process.exit(1);
}
