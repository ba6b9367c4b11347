// Bundles a Worker as wrangler does: the `workerd` export condition, one ES module, and each .wasm
// file as a compiled module beside it.

import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build } from "vite";

/**
 * Bundles the Worker with this entry file, which must be inside of the project whose packages it
 * imports. Returns `{ code, modules }`: the script, and the `modules` option of Miniflare.
 */
export async function bundle(entry) {
  const wasm = new Map();
  const output = await build({
    configFile: false,
    logLevel: "error",
    root: dirname(entry),
    publicDir: false,
    ssr: {
      noExternal: true,
      target: "webworker",
      resolve: { conditions: ["workerd", "worker", "browser"] },
    },
    build: {
      ssr: entry,
      write: false,
      minify: false,
      rollupOptions: { output: { format: "es", codeSplitting: false } },
    },
    plugins: [
      {
        name: "compiled-wasm",
        enforce: "pre",
        resolveId(source, importer) {
          if (!source.endsWith(".wasm")) return undefined;
          wasm.set(basename(source), join(dirname(importer), source));
          return { id: `./${basename(source)}`, external: true };
        },
      },
    ],
  });
  const chunks = output.output.filter(({ type }) => type === "chunk");
  if (chunks.length !== 1 || wasm.size !== 1)
    throw new Error(`expected one script and one .wasm, got ${chunks.length} and ${wasm.size}`);
  const compiled = [...wasm].map(async ([path, file]) => ({
    type: "CompiledWasm",
    path,
    contents: await readFile(file),
  }));
  const { code } = chunks[0];
  return {
    code,
    modules: [
      { type: "ESModule", path: "worker.mjs", contents: code },
      ...(await Promise.all(compiled)),
    ],
  };
}
