// Bundles the entries of the package for Node, which imports two files 35 ms faster than 66 modules
// (docs/decisions/0060-loading.md).
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleEntries, entriesByName } from "./bundle.mjs";
import { root } from "./versions.mjs";

const folder = join(root, "pkg", "node");
/** The embedded wasm stays a file of its own: it is read only where core_bg.wasm is missing. */
const embeddedWasm = "../wasm/embedded.js";

/**
 * Writes pkg/node/: one module for each path that `import` resolves to in Node, and one of what
 * they share, so that a class or a table of handles exists once. Names of variables are short,
 * because parsing takes most of the time of an import. Lines and the names of functions are kept:
 * Node prints the line of an uncaught error.
 */
export async function buildNodeBundle() {
  const input = {
    index: join(root, "pkg", "entry", "installed.js"),
    ...(await entriesByName((conditions) => conditions.node?.default)),
  };
  await bundleEntries(folder, input, ".js", {
    plugins: [{ name: "maps-of-sources", load: loadWithMap }],
    sourcemap: true,
    rollupOptions: {
      checks: { pluginTimings: false },
      external: (id) => id === embeddedWasm || !(id.startsWith(".") || id.startsWith(root)),
      output: {
        format: "es",
        paths: (id) => (id.endsWith(embeddedWasm.slice(2)) ? embeddedWasm : id),
        comments: false,
        minify: { mangle: { keepNames: true }, codegen: { removeWhitespace: false } },
        sourcemapExcludeSources: true, // the package has ts/
        codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] },
      },
    },
  });
}

/** Loads a compiled module with its source map, so that the maps of the bundle refer to ts/. */
async function loadWithMap(id) {
  if (!existsSync(`${id}.map`)) return;
  const [code, map] = await Promise.all([readFile(id, "utf8"), readFile(`${id}.map`, "utf8")]);
  return { code, map };
}
