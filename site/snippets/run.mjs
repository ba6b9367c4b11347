// Runs the code blocks of the documents as a reader would: each document in a folder of its own,
// in which the packed tarball is installed, block after block.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pack } from "../../scripts/lib/package.mjs";
import { root } from "../../scripts/lib/versions.mjs";
import { launchChromium } from "../../tests/browser/launch.mjs";
import { filesBelow } from "../files.mjs";
import { blocksOf, isProgram } from "./extract.mjs";
import { writeGivenFiles } from "./given.mjs";
import { serveFolder } from "./serve.mjs";
import { typeErrors } from "./types.mjs";

/** Documents with code for users, all of which is checked; docs/decisions quotes none to run. */
export async function documentsWithCode() {
  const guides = await filesBelow(root, "docs", ".md");
  return [
    "README.md",
    "CONTRIBUTING.md",
    "RELEASE.md",
    "SECURITY.md",
    "ARCHITECTURE.md",
    ...guides.filter((path) => !path.startsWith("docs/decisions/")),
  ];
}

/** `npx` finds commands on the path, and `npm install` has been done, from the tarball. */
const SHELL = `set -eu
npx() { "$@"; }
npm() { case "$1" in install|init|create) ;; *) command npm "$@" ;; esac; }
`;
const SECONDS = 120;
/** What readers have besides the package: a bundler, and types for programs that are not run. */
const TOOLS = ["vite", "typescript", "@types"];
const topFolder = (name) => name.split("/")[0];

/**
 * A folder for readers, with the package of the tarball, and `run(document)`. Close it afterwards.
 */
export async function openReadersFolder() {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-reader-"));
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, ".bin"), { recursive: true });
  const { tarball } = await pack();
  await execute("tar", ["-xzf", tarball, "-C", modules], folder);
  await execute("mv", ["package", "pocketsage"], modules);
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  for (const name of new Set([...Object.keys(manifest.dependencies).map(topFolder), ...TOOLS]))
    await symlink(join(root, "node_modules", name), join(modules, name));
  for (const name of ["vite", "tsc"])
    await symlink(join(root, "node_modules", ".bin", name), join(modules, ".bin", name));
  await symlink("../pocketsage/pkg/cli/main.js", join(modules, ".bin", "pocketsage"));
  const given = join(folder, "given");
  await mkdir(join(given, "public"), { recursive: true });
  await writeFile(join(given, "package.json"), '{ "private": true, "type": "module" }\n');
  await writeGivenFiles(given);
  await symlink(modules, join(given, "node_modules"));
  const env = { PATH: [join(modules, ".bin"), process.env.PATH].join(":") };
  const build = (name) =>
    execute("pocketsage", ["build", "items.jsonl", "-o", name, "-q"], given, env);
  await Promise.all([build("shop.sage"), build("items.sage"), build("public/items.sage")]);
  let browser;
  const reader = {
    folder,
    env,
    page: async () => (browser ??= await launchChromium()).newPage(),
  };
  return {
    run: (document) => runDocument(reader, document),
    close: async () => {
      await browser?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Runs the blocks of a document in order. Resolves to `{ counts, failures }`: the number of blocks
 * by the way they were checked, and what failed, with the line.
 */
async function runDocument({ folder, env, page }, document) {
  const markdown = await readFile(join(root, document), "utf8");
  const documentFolder = join(folder, document.replace(/[/.]/g, "-"));
  await cp(join(folder, "given"), documentFolder, { recursive: true, verbatimSymlinks: true });
  const counts = {};
  const failures = [];
  const typed = [];
  let printed = "";
  for (const [index, block] of blocksOf(markdown, document).entries()) {
    const { kind, language, code, line, value } = block;
    const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);
    try {
      if (kind === "file") {
        await mkdir(dirname(join(documentFolder, value)), { recursive: true });
        await writeFile(join(documentFolder, value), code);
        count("written as files");
      } else if (kind === "run" && language === "sh") {
        printed = await execute("bash", ["-c", SHELL + code], documentFolder, env);
        count("run");
      } else if (kind === "run") {
        const name = `block-${index}.mjs`;
        await writeFile(join(documentFolder, name), code);
        printed = await execute(process.execPath, [name], documentFolder, env);
        count("run");
      } else if (kind === "browser") {
        await inPage(await page(), documentFolder, { name: value ?? `block-${index}.js`, code });
        count("run");
      } else if (kind === "shows") {
        await inPage(await page(), documentFolder, { path: value, lines: code.trim().split("\n") });
        count("run");
      } else if (kind === "output") {
        comparePrinted(printed, code);
        count("compared with the output");
      } else if (kind === "parse") {
        for (const text of language === "jsonl" ? code.trim().split("\n") : [code])
          JSON.parse(text);
        count("parsed");
      } else if (isProgram(block)) {
        typed.push({
          name: join(documentFolder, `block-${index}.${language === "js" ? "mjs" : language}`),
          code,
          line,
        });
        count("type-checked");
      } else count(kind === "data" ? "data" : "not run, with a reason");
    } catch (error) {
      failures.push(`${document}:${line}: ${error.message}`);
    }
  }
  for (const { line, message } of await typeErrors(typed))
    failures.push(`${document}:${line}: ${message}`);
  return { counts, failures };
}

/** Throws unless the lines were printed, in this order; a line "..." represents any lines. */
function comparePrinted(printed, expected) {
  const pattern = expected
    .trim()
    .split("\n")
    .map((line) =>
      line.trim() === "..." ? "[\\s\\S]*" : line.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("\\s*\\n");
  if (!new RegExp(`^\\s*${pattern}\\s*$`).test(printed))
    throw new Error(`the output is not the one in the document, but:\n${printed}`);
}

/** Opens a page of the folder, or one with a module, and waits for its end or for lines of text. */
async function inPage(page, folder, { name, code, path, lines }) {
  const site = await serveFolder(join(folder, path ? dirname(path) : "."), folder);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  try {
    if (code) await writeFile(join(folder, name), `${code}\nglobalThis.snippetEnded = true;\n`);
    await page.goto(`${site.origin}/${code ? `?module=${name}` : ""}`);
    const isDone = code
      ? "globalThis.snippetEnded"
      : `${JSON.stringify(lines)}.every((line) => document.body.innerText.includes(line))`;
    // Polled from here: under a strict policy a page may not evaluate the text in a timer.
    for (const deadline = Date.now() + 60_000; !(await page.evaluate(isDone)); await sleep(100))
      if (Date.now() > deadline) throw new Error(`expected within 60 s: ${isDone}`);
  } catch (error) {
    const text = await page.evaluate("document.body.innerText").catch(() => "");
    throw new Error([error.message.split("\n")[0], ...errors, text].join("\n"));
  } finally {
    await page.close();
    await site.close();
  }
  if (errors.length > 0) throw new Error(errors.join("\n"));
}

function execute(command, args, cwd, env = {}) {
  const options = { cwd, env: { ...process.env, ...env }, timeout: SECONDS * 1000 };
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      reject(new Error(`${stdout}${stderr}`.trim() || error.message));
    });
  });
}

/** Checks all documents. Resolves to `{ counts, failures }` over all of them. */
export async function runAllDocuments() {
  const reader = await openReadersFolder();
  const total = {};
  const failures = [];
  try {
    for (const document of await documentsWithCode()) {
      const result = await reader.run(document);
      failures.push(...result.failures);
      for (const [name, count] of Object.entries(result.counts))
        total[name] = (total[name] ?? 0) + count;
    }
  } finally {
    await reader.close();
  }
  return { counts: total, failures };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reader = await openReadersFolder();
  for (const document of process.argv.slice(2)) {
    const { counts, failures } = await reader.run(document);
    console.log(document, counts, failures.join("\n"));
  }
  await reader.close();
}
