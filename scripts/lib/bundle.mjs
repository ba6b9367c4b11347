// Bundles entries of the package for runtimes of servers, by Vite.
import { readdir, readFile, rm } from "node:fs/promises";
import { join, parse, relative } from "node:path";
import { root } from "./versions.mjs";

/**
 * Writes the bundles of `input`, modules by name, and the modules they share into an emptied
 * folder, as files with the suffix. Throws if one was not written.
 */
export async function bundleEntries(
  folder,
  input,
  suffix,
  { plugins = [], rollupOptions, ...more },
) {
  const { build } = await import("vite"); // its import needs the set-up
  await rm(folder, { recursive: true, force: true });
  const { output, ...options } = rollupOptions;
  const fileName = `[name]${suffix}`;
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    ssr: { noExternal: true },
    plugins,
    build: {
      ssr: true,
      target: "es2022",
      outDir: folder,
      minify: false,
      rollupOptions: {
        ...options,
        input,
        output: { ...output, entryFileNames: fileName, chunkFileNames: fileName },
      },
      ...more,
    },
  });
  await checkBundles(folder, Object.keys(input), suffix);
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
async function checkBundles(folder, names, suffix) {
  const written = new Set(await readdir(folder));
  for (const name of names)
    if (!written.has(name + suffix))
      throw new Error(`${relative(root, folder)}/${name}${suffix} was not written`);
}
