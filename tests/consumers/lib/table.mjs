// The table of docs/toolchains.md.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../../scripts/lib/versions.mjs";

const document = join(root, "docs", "toolchains.md");
const region = /(?<=<!-- consumers -->\n).*?(?=<!-- \/consumers -->)/s;

/** Writes one row for each tool, version and result; `{ name, tool, version, error }`. */
export async function writeTable(results) {
  const rows = new Map();
  for (const { name, tool: packageName, version: installed, error } of results) {
    const [tool, ...words] = name.split(/ (?!\d)/);
    const version = packageName === "pocketsage" ? "" : installed;
    const state = error ? "**fails**" : "works";
    const key = [tool, version, state].join(" | ");
    rows.set(key, [...(rows.get(key) ?? []), words.join(" ")]);
  }
  const lines = [...rows].map(([key, targets]) => {
    const [tool, version, state] = key.split(" | ");
    return `| ${tool} | ${version} | ${targets.join("; ")} | ${state} |`;
  });
  const head = ["| tool | version | tried | |", "| --- | --- | --- | --- |"];
  const text = await readFile(document, "utf8");
  await writeFile(document, text.replace(region, `${[...head, ...lines].join("\n")}\n`));
}
