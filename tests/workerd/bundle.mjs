// A Worker bundled as wrangler does it: the `workerd` condition, one ES module, each .wasm beside it as a compiled module.
import { basename, dirname, join } from "node:path";
import { readFile } from "node:fs/promises";
import { build } from "vite";

/** The modules of a Worker for miniflare, from its entry file. The package is found from there, as an installed one. */
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
    throw new Error(`expected one script and one .wasm, saw ${chunks.length} and ${wasm.size}`);
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
