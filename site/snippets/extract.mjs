// The code blocks of a Markdown document, with the marks before them that say how each is checked.
//
// A mark is an HTML comment on the line before a block, so that no reader sees it:
//   file: NAME         the block is the file NAME of the reader's folder
//   browser[: NAME]    the block is a module of a page, with the folder as its site
//   shows: PAGE        the block is text that the page PAGE of the folder shows
//   output             the block is what the program or command before it prints
//   not run: REASON    programs are type-checked only, commands not at all
// Without a mark, programs (js) run in Node, commands (sh) in bash, TypeScript is type-checked,
// JSON is parsed, and other languages are data. The name of a file is also in the text before its
// block, where readers see it.

const MARK = /^ *<!-- (file|browser|shows|output|not run)(?:: (.+?))? -->\n(?:\n)?$/;
const PROGRAMS = new Set(["js", "mjs", "ts", "tsx", "jsx"]);
const DATA = new Set([
  "text",
  "http",
  "hex",
  "toml",
  "html",
  "vue",
  "svelte",
  "css",
  "rust",
  "csv",
  "python",
]);

/** The blocks of a document: `{ language, code, line, kind, value }`. Throws for unknown marks. */
export function blocksOf(markdown, path) {
  const blocks = [];
  const fence = /((?:^ *<!--[^\n]*-->\n\n?)?)^( *)```(\w*)[^\n]*\n([\s\S]*?)^\2```$/gm;
  for (const match of markdown.matchAll(fence)) {
    const [, comment, indent, language, text] = match;
    const line = (markdown.slice(0, match.index) + comment).split("\n").length;
    const code = text.replace(new RegExp(`^${indent}`, "gm"), "");
    const [, mark, value] = comment.match(MARK) ?? [];
    if (comment !== "" && !mark && /run|file|output/.test(comment))
      throw new Error(`${path}:${line}: ${comment.trim()} is no mark of site/snippets/extract.mjs`);
    if (mark === "not run" && !value)
      throw new Error(`${path}:${line}: "not run" needs a reason: <!-- not run: REASON -->`);
    if ((mark === "file" || mark === "browser") && value) {
      const [paragraph] = markdown.slice(0, match.index).trimEnd().split("\n\n").slice(-1);
      if (!paragraph.includes(`\`${value}\``))
        throw new Error(`${path}:${line}: name the file in the text before it: \`${value}\``);
    }
    const kind = mark ?? defaultKind(language, `${path}:${line}`);
    blocks.push({ language, code, line, kind, value });
  }
  return blocks;
}

/** How a block without a mark is checked: "run", "types", "parse" or "data". */
function defaultKind(language, place) {
  if (language === "js" || language === "mjs" || language === "sh") return "run";
  if (PROGRAMS.has(language)) return "types";
  if (language === "json" || language === "jsonl") return "parse";
  if (DATA.has(language) || language === "jsonc") return "data";
  throw new Error(`${place}: a block of language "${language}": name one, such as text.`);
}

export const isProgram = ({ language }) => PROGRAMS.has(language);
