// Lines above MAX_COLUMNS in tracked source files. Neither Biome nor rustfmt wraps comments, and
// Biome does not format Markdown.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./run.mjs";
import { root } from "./versions.mjs";

const MAX_COLUMNS = 100;
const MAX_LINES = 400;
const HEAD_LINES = 24;
const CODE_FILE = /\.(rs|ts|mjs|js|py|css)$/;
const SOURCE_FILE = /\.(rs|ts|mjs|js|py|css|toml|json|yml|md)$/;
const GENERATED_FILES = [/(^|\/)package-lock\.json$/, /^tests\/fixtures\//, /^docs\/figures\.md$/];

/** One complaint, `path:line: columns`, for every source line above MAX_COLUMNS. */
export async function findLongLines() {
  const { stdout } = await runOrThrow("git", ["ls-files", "-z"]);
  const paths = stdout
    .split("\0")
    .filter(
      (path) => SOURCE_FILE.test(path) && !GENERATED_FILES.some((pattern) => pattern.test(path)),
    );
  const complaintsPerFile = await Promise.all(
    paths.map(async (path) => longLineComplaints(path, await readSource(path))),
  );
  return complaintsPerFile.flat();
}

const readSource = (path) => readFile(join(root, path), "utf8");

/** Source files above MAX_LINES whose head does not say "more than 400 lines" and the reason. */
export async function findLongFiles() {
  const { stdout } = await runOrThrow("git", ["ls-files", "-z"]);
  const paths = stdout.split("\0").filter((path) => CODE_FILE.test(path));
  const complaintsPerFile = await Promise.all(
    paths.map(async (path) => {
      const lines = (await readSource(path)).split("\n");
      const head = lines.slice(0, HEAD_LINES).join(" ");
      const isExplained = /more than\W+400 lines/i.test(head.replace(/\n?\s*\/\/[!/]?/g, " "));
      return lines.length - 1 <= MAX_LINES || isExplained
        ? []
        : [
            `${path}: ${lines.length - 1} lines. Split it, or say in its head why it has ` +
              `more than ${MAX_LINES} lines.`,
          ];
    }),
  );
  return complaintsPerFile.flat();
}

function longLineComplaints(path, text) {
  return text.split("\n").flatMap((line, index) => {
    const columns = [...line].length;
    return columns <= MAX_COLUMNS || isUnbreakable(path, line)
      ? []
      : [`${path}:${index + 1}: ${columns} columns, at most ${MAX_COLUMNS} are allowed`];
  });
}

/** A Markdown table row, a string in JSON, or a line that is short without its URLs. */
function isUnbreakable(path, line) {
  if (path.endsWith(".md") && /^\s*\|/.test(line)) return true;
  if (path.endsWith(".json") && /^\s*("[^"]*": )?"([^"\\]|\\.)*",?$/.test(line)) return true;
  return [...line.replace(/\bhttps?:\/\/\S+/g, "")].length <= MAX_COLUMNS;
}
