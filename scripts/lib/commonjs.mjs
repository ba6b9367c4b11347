// Bundles the entries of the package as CommonJS, for Jest and other loaders that cannot load ES
// modules.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundleEntries, entriesByName } from "./bundle.mjs";
import { root } from "./versions.mjs";

const packageFolder = join(root, "pkg");
const folder = join(packageFolder, "cjs");
/** Folders of pkg/ whose types no entry exports. */
const foldersWithoutTypes = /^(cjs|cli|entry|node|wasm)\b/;
/** Globals that jsdom lacks: the bundles import them from `node:util`. */
const nodeGlobals = ["TextDecoder", "TextEncoder"];

/**
 * Writes pkg/cjs/: one file for each `require` path of package.json, and the modules they share.
 * The main entry and pocketsage/inline are the entry of Node; each other one is the module that
 * `import` resolves to.
 */
export async function buildCommonJs() {
  const input = {
    index: join(packageFolder, "entry", "node.js"),
    ...(await entriesByName((conditions) => conditions.require)),
  };
  await bundleEntries(folder, input, ".cjs", {
    rollupOptions: {
      external: (id) => !id.startsWith(".") && !id.startsWith(root),
      transform: {
        inject: Object.fromEntries(nodeGlobals.map((name) => [name, ["node:util", name]])),
      },
      output: { format: "cjs" },
    },
  });
  await writeDeclarations();
}

/**
 * Writes pkg/cjs/types/: the declarations as those of CommonJS modules. TypeScript decides by the
 * suffix which kind a declaration describes.
 */
async function writeDeclarations() {
  for (const name of await readdir(packageFolder, { recursive: true })) {
    if (!name.endsWith(".d.ts") || foldersWithoutTypes.test(name)) continue;
    const declaration = await readFile(join(packageFolder, name), "utf8");
    const output = join(folder, "types", name.replace(/ts$/, "cts"));
    await mkdir(dirname(output), { recursive: true });
    await writeFile(
      output,
      declaration
        .replaceAll(/(?<=(?:from |import\()")(\.[^"]+)\.js(?=")/g, "$1.cjs")
        .replace(/\n\/\/# sourceMappingURL=.*/, ""),
    );
  }
}
