// Builds the documentation site: pages from the Markdown of the repository, the API reference from
// the types, and the search index, into site/dist/. The pages request nothing of other hosts.
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installPackages } from "../scripts/lib/npm.mjs";
import { runOrThrow } from "../scripts/lib/run.mjs";
import { root } from "../scripts/lib/versions.mjs";
import { stageCommands } from "./commands.mjs";
import { filesBelow } from "./files.mjs";
import { sidebarOf } from "./navigation.mjs";
import { siteStyle } from "./pictures/svg.mjs";
import { stagePages } from "./stage.mjs";

const source = join(root, "site");
const staged = join(root, "target", "site");
export const siteFolder = join(source, "dist");

/**
 * Builds the site, with the pages of rustdoc if they have been built. Resolves to
 * `{ pages, seconds }`, the number of its pages and the build time.
 */
export async function buildSite() {
  const { folder: packages, seconds } = await installPackages("site", source);
  await rm(staged, { recursive: true, force: true });
  await mkdir(join(staged, ".vitepress"), { recursive: true });
  await mkdir(join(staged, "public"));
  await symlink(join(packages, "node_modules"), join(staged, "node_modules"));
  const documents = [...(await stagePages(root, staged)), await stageCommands(root, staged)];
  const api = await stageApi();
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const rustdoc = join(root, "target", "doc");
  const hasRustdoc = existsSync(join(rustdoc, "pocketsage", "index.html"));
  const sidebar = sidebarOf([...documents, ...api], { hasRustdoc });
  const navigation = { sidebar, version };
  await writeFile(join(staged, ".vitepress", "navigation.json"), JSON.stringify(navigation));
  for (const name of ["config.mjs", "slug.mjs"])
    await cp(join(source, name), join(staged, ".vitepress", name));
  await cp(join(source, "theme"), join(staged, ".vitepress", "theme"), { recursive: true });
  await writeFile(join(staged, ".vitepress", "theme", "pictures.css"), siteStyle());
  await cp(join(root, "www", "src", "icon.svg"), join(staged, "public", "icon.svg"));
  const vitepress = join(packages, "node_modules", "vitepress", "bin", "vitepress.js");
  const result = await runOrThrow(process.execPath, [vitepress, "build", staged], {
    env: { DOCS_OUT: siteFolder },
    minutes: 5,
  });
  if (hasRustdoc) await cp(rustdoc, join(siteFolder, "rust"), { recursive: true });
  return { pages: documents.length + api.length, seconds: seconds + result.seconds };
}

/** What most programs call, above the reference of the main entry, which is by alphabet. */
const FIRST_CALLS = `Most programs need six calls:

| call | does |
| --- | --- |
| [\`Catalogue.fetch(url)\`](#catalogue), in Node \`Catalogue.fromBytes(bytes)\` | reads items |
| [\`openSage({ catalogue, store })\`](#opensage) | opens the history of one user |
| [\`sage.record(actions)\`](#sage) | adds what the user did |
| [\`sage.recommend({ count })\`](#sage) | lists items, each with the reason |
| [\`sage.forget(what)\`](#sage) | deletes an item, a time range or everything |
| [\`sage.close()\`](#sage) | saves and frees; in pages rarely needed |

[Options and errors](/options) has every option with its range; what follows has the types.`;

/** The API reference as Markdown: one page for each entry of the package, titled by its import. */
async function stageApi() {
  await runOrThrow("typedoc", ["--options", join(source, "typedoc.json")]);
  await rm(join(staged, "api", "index.md")); // lists the entries, as the sidebar does
  await rename(join(staged, "api", "index-1.md"), join(staged, "api", "index.md"));
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  /** The import of each module of types, such as "pocketsage/names" of "names"; ties: the first. */
  const names = new Map();
  for (const [entry, { types }] of Object.entries(exports)) {
    const path = types?.default ?? types ?? "";
    const module = path.replace(/^\.\/pkg\//, "").replace(/(\/index)?\.d\.ts$/, "");
    if (!names.has(module)) names.set(module, `pocketsage${entry.slice(1)}`);
  }
  return Promise.all(
    (await filesBelow(staged, "api", ".md")).map(async (path) => {
      const module = path.slice("api/".length, -".md".length);
      const title = names.get(module);
      if (!title) throw new Error(`package.json has no entry for the module ${module}`);
      const text = await readFile(join(staged, path), "utf8");
      const changedText = text
        .replace(/^# .+$/m, `# ${title}${module === "index" ? `\n\n${FIRST_CALLS}` : ""}`)
        .replace(/(\]\((?:\.\.\/)*)index-1\.md/g, "$1index.md")
        .replace(/^#+ Get Signature\n\n/gm, "");
      await writeFile(join(staged, path), changedText);
      return { path, title };
    }),
  );
}
