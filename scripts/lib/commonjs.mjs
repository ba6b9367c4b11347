// Bundles the entries of the package as CommonJS, for Jest and other loaders that neither read
// ES modules nor let Node do it.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, parse, relative } from "node:path";
import { root } from "./versions.mjs";

const packageFolder = join(root, "pkg");
const folder = join(packageFolder, "cjs");
/** Folders of pkg/ whose types no entry exports. */
const foldersWithoutTypes = /^(cjs|cli|entry|node|wasm)\b/;
/** jsdom has none of these; a bundle takes them from Node instead. */
const nodeGlobals = ["TextDecoder", "TextEncoder"];

/**
 * Writes pkg/cjs/: one file for each `require` path of package.json, and the modules they share.
 * The main entry and pocketsage/inline are the entry of Node; each other one is the module that
 * `import` resolves to.
 */
export async function buildCommonJs() {
  const { build } = await import("vite"); // its import needs the set-up
  await rm(folder, { recursive: true, force: true });
  const input = {
    index: join(packageFolder, "entry", "node.js"),
    ...(await entriesByName((conditions) => conditions.require)),
  };
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: "es2022",
      outDir: folder,
      minify: false,
      rollupOptions: {
        input,
        external: (id) => !id.startsWith(".") && !id.startsWith(root),
        transform: {
          inject: Object.fromEntries(nodeGlobals.map((name) => [name, ["node:util", name]])),
        },
        output: { format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs" },
      },
    },
  });
  await checkBundles(folder, Object.keys(input), ".cjs");
  await writeDeclarations();
}

/**
 * The module to bundle for each entry of package.json but the main one: what bundlers get. The keys
 * are the names of the bundles: `bundleOf` selects a bundle's path from the conditions of an entry.
 */
export async function entriesByName(bundleOf) {
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const entries = {};
  for (const conditions of Object.values(exports)) {
    const bundle = bundleOf(conditions);
    if (bundle === undefined) continue;
    const name = parse(bundle).name;
    if (name !== "index") entries[name] = join(root, conditions.default);
  }
  return entries;
}

/** Throws if a bundle was not written: a name of two entries, or a change in the bundler. */
export async function checkBundles(folder, names, suffix) {
  const written = new Set(await readdir(folder));
  for (const name of names)
    if (!written.has(name + suffix))
      throw new Error(`${relative(root, folder)}/${name}${suffix} was not written`);
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
