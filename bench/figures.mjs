// Writes the generated parts of docs/figures.md. Each is between a begin and an end marker.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Remedy } from "../scripts/lib/output.mjs";
import { root } from "../scripts/lib/versions.mjs";

const figuresFile = join(root, "docs", "figures.md");

/** Replaces the text between `<!-- NAME:begin -->` and `<!-- NAME:end -->` by `markdown`. */
export async function writeFigures(name, markdown) {
  const text = await readFile(figuresFile, "utf8");
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Remedy(`docs/figures.md has no ${begin} ... ${end}: restore the two lines.`);
  await writeFile(
    figuresFile,
    `${text.slice(0, from + begin.length)}\n${markdown}\n${text.slice(to)}`,
  );
}

/** A markdown table. The first row is the head; every column but the first is aligned right. */
export function markdownTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  const headRule = `|---|${"---:|".repeat(head.length - 1)}`;
  return [line(head), headRule, ...rows.map(line)].join("\n");
}
