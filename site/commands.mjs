// The page of the options of the command line, from the help texts that its commands print.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const TITLE = "Options of the commands";

/** Writes the page into `folder`, and resolves to it: `{ path, title }`. */
export async function stageCommands(root, folder) {
  const path = "cli-options.md";
  const helpOf = async (...command) => {
    const args = [join(root, "pkg", "cli", "main.js"), ...command, "--help"];
    return (await promisify(execFile)(process.execPath, args)).stdout;
  };
  const [, list] = (await helpOf()).match(/^Commands\n((?: {2}\w.*\n)+)/m);
  const commands = Array.from(list.matchAll(/^ {2}(\w+)/gm), ([, name]) => name);
  const sections = await Promise.all(
    commands.map(async (name) => `## pocketsage ${name}\n\n${sectionOf(await helpOf(name))}`),
  );
  const text = [
    `# ${TITLE}`,
    "What `pocketsage COMMAND --help` prints, for each command. [The command line](/cli) has the " +
      "rules that all commands share.",
    ...sections,
  ].join("\n\n");
  await writeFile(join(folder, path), `${text}\n`);
  return { path, title: TITLE };
}

/** A help text as Markdown: a heading for each option, the rest as it is printed. */
export function sectionOf(help) {
  const [, before, options, after] = help.match(/^([\s\S]*?)\nOptions\n([\s\S]*?)\n\n([\s\S]*)$/);
  const entries = [];
  for (const line of options.split("\n")) {
    const [, name, text] = line.match(/^ {2,6}(-.*?)(?: {2,}(.*))?$/) ?? [];
    if (name) entries.push({ name, texts: [text ?? ""] });
    else entries.at(-1).texts.push(line.trim());
  }
  const described = entries
    .filter(({ name }) => name !== "-h, --help")
    .map(({ name, texts }) => `### \`${name}\`\n\n::: v-pre\n${escaped(texts.join(" "))}\n:::`);
  return [fenced(before), ...described, fenced(after)].join("\n\n");
}

const fenced = (text) => `\`\`\`text\n${text.trim()}\n\`\`\``;
const escaped = (text) => text.trim().replace(/[\\`*_[\]|<>#]/g, "\\$&");
