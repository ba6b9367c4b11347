// Bundles the app of a framework with Vite, for the browser and for a server.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "svelte/compiler";
import { build } from "vite";
import { compileScript, parse } from "vue/compiler-sfc";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Other versions of React and Vue: the folder whose node_modules has them. */
const versions = process.env.FRAMEWORKS_FOLDER;
const frameworksOf = (name) => join(root, "pkg", "frameworks", `${name}.js`);

/** Compiles Svelte components. The plugin of Svelte is not needed for it. */
const sveltePlugin = (generate) => ({
  name: "svelte",
  transform(source, id) {
    if (!id.endsWith(".svelte")) return undefined;
    const { js, warnings } = compile(source, {
      filename: id,
      generate,
      dev: generate === "client",
    });
    if (warnings.length > 0) throw new Error(warnings.map(({ message }) => message).join("\n"));
    return { code: js.code, map: js.map };
  },
});

/** Compiles Vue components with `<script setup>`. */
const vuePlugin = {
  name: "vue",
  transform(source, id) {
    if (!id.endsWith(".vue")) return undefined;
    const { descriptor, errors } = parse(source, { filename: id });
    if (errors.length > 0) throw errors[0];
    return { code: compileScript(descriptor, { id, inlineTemplate: true }).content, map: null };
  },
};

const shared = (name, generate) => ({
  root,
  configFile: false,
  logLevel: "error",
  mode: "development",
  define: {
    "process.env.NODE_ENV": '"development"',
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
  },
  plugins: [sveltePlugin(generate), vuePlugin],
  resolve: {
    alias: [
      { find: `pocketsage/${name}`, replacement: frameworksOf(name) },
      ...(versions
        ? [{ find: /^(react|react-dom|vue)(?=$|\/)/, replacement: `${versions}/node_modules/$1` }]
        : []),
    ],
    conditions: ["development", generate === "client" ? "browser" : "node"],
  },
});

/**
 * The app as one module for the browser, with the development build of its framework, whose
 * warnings the tests count. It imports "pocketsage" by name.
 */
export function bundleForBrowser(name) {
  return bundleProgram(name, join(root, "tests/frameworks/apps", `${name}.mjs`));
}

/** A program that uses the entry of a framework, bundled like the app. */
export async function bundleProgram(name, entry) {
  const [{ output }] = await build({
    ...shared(name, "client"),
    build: {
      write: false,
      minify: false,
      target: "es2022",
      lib: { entry, formats: ["es"] },
      rollupOptions: {
        // Modules for servers are imported when an app is rendered there.
        external: [/server/, "pocketsage"],
        output: { codeSplitting: false },
      },
    },
  });
  return output.find(({ type }) => type === "chunk").code;
}

/** Writes the app as a module for Node and resolves to its exports. */
export async function loadForServer(name) {
  const outDir = join(root, "target", "frameworks", name);
  await build({
    ...shared(name, "server"),
    build: {
      outDir,
      minify: false,
      target: "node20",
      ssr: join(root, "tests/frameworks/apps", `${name}.mjs`),
      rollupOptions: { output: { entryFileNames: "server.mjs" } },
    },
  });
  return import(join(outDir, "server.mjs"));
}
