// webpack, Rspack, Rsbuild, Rollup, esbuild, Parcel, and pages without a bundler.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { idsOfPage } from "../lib/page.mjs";
import { importModule, pageModule, pageWith, printModule, requireModule } from "../lib/program.mjs";
import { withStaticServer } from "../lib/serve.mjs";

const classic = pageWith('<script defer src="main.js"></script>');
const asModule = pageWith('<script type="module" src="main.js"></script>');
const files = {
  "recommend.js": importModule(),
  "page.js": pageModule(),
  "print.js": printModule,
  "dist/index.html": classic,
};
const workerFiles = {
  "page.js": `
const worker = new Worker(new URL("./worker.js", import.meta.url));
worker.onmessage = ({ data }) => { globalThis.consumerResult = data; };
`,
  "worker.js": `import { recommend } from "./recommend.js";
recommend().then(
  (ids) => postMessage({ ids }),
  (error) => postMessage({ error: String(error) }),
);
`,
};
const rspackImport = 'import { rspack as bundler } from "@rspack/core";';
const webpackImport = 'import bundler from "webpack";';

/** A program that bundles `entry` by webpack's interface and throws on errors and warnings. */
const webpackScript = (importLine, entry, options = {}) => `${importLine}
const stats = await new Promise((resolve, reject) =>
  bundler(
    {
      mode: "production",
      entry: "${entry}",
      output: { path: import.meta.dirname + "/dist", filename: "main.js" },
      performance: { hints: false },
      ...${JSON.stringify(options)},
    },
    (error, result) => (error ? reject(error) : resolve(result)),
  ),
);
if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString("errors-warnings"));
`;
const servedPage = (project) =>
  withStaticServer(join(project.folder, "dist"), (origin) => idsOfPage(origin));
const printedIds = async (project, file = "dist/main.js", manifest = '{ "type": "commonjs" }') => {
  await project.put({ "dist/package.json": manifest });
  return project.printedIds([file]);
};

function webpackConsumers(name, tool, importLine, isCore) {
  const define = (target, core, extraFiles, script, use) => ({
    name: `${name} ${target}`,
    group: "bundlers",
    tool,
    core,
    run: async (project) => {
      await project.put({ ...files, ...extraFiles, "build.mjs": script });
      await project.node(["build.mjs"]);
      return use(project);
    },
  });
  const node = { target: "node" };
  return [
    define("web", isCore, {}, webpackScript(importLine, "./page.js"), servedPage),
    define("worker", false, workerFiles, webpackScript(importLine, "./page.js"), servedPage),
    define("node", isCore, {}, webpackScript(importLine, "./print.js", node), (project) =>
      printedIds(project),
    ),
    define(
      "node, require",
      false,
      {
        "recommend.js": requireModule,
        "print.js": printModule.replace(/import (.*) from (.*);/, "const $1 = require($2);"),
        "package.json": '{ "private": true }',
      },
      webpackScript(importLine, "./print.js", node),
      (project) => printedIds(project),
    ),
  ];
}

const esbuild = (name, core, args, use, extraFiles = {}) => ({
  name: `esbuild ${name}`,
  group: "bundlers",
  tool: "esbuild",
  core,
  run: async (project) => {
    await project.put({ ...files, ...extraFiles });
    await project.run(project.tool(".bin/esbuild"), ["--bundle", "--log-level=warning", ...args]);
    return use(project);
  },
});
const browserBundle = ["page.js", "--outfile=dist/main.js"];
const nodeBundle = ["print.js", "--outfile=dist/main.js", "--platform=node"];

const rollup = (name, core, args, page) => ({
  name: `rollup ${name}`,
  group: "bundlers",
  tool: "rollup",
  core,
  run: async (project) => {
    await project.put({ ...files, "dist/index.html": page });
    const script = project.tool("rollup/dist/bin/rollup");
    await project.node([script, "page.js", "--failAfterWarnings", "--silent", ...args]);
    return servedPage(project);
  },
});
const resolvePlugin = ["--plugin", "node-resolve"];
const resolveForBrowsers = ["--plugin", "node-resolve={browser:true}"];

/** A page without a bundler: the files of the package, and an import map. */
const importMap = (name, entry) => ({
  name: `import-map ${name}`,
  group: "bundlers",
  tool: "pocketsage",
  core: false,
  run: async (project) => {
    const folder = "/node_modules/pocketsage/pkg";
    const imports = {
      pocketsage: `${folder}/entry/${entry}.js`,
      "pocketsage/names": `${folder}/names/index.js`,
    };
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    const script = '<script type="module" src="page.js"></script>';
    await project.put({ ...files, "index.html": pageWith(map + script) });
    const path = project.folder.slice(project.workspace.length);
    return withStaticServer(project.workspace, (origin) => idsOfPage(`${origin}${path}/`));
  },
});

export const bundlerMatrix = [
  ...webpackConsumers("webpack", "webpack", webpackImport, true),
  ...webpackConsumers("rspack", "@rspack/core", rspackImport, false),
  {
    name: "rsbuild build",
    group: "bundlers",
    tool: "@rsbuild/core",
    core: false,
    run: async (project) => {
      await project.put({ "src/recommend.js": importModule(), "src/index.js": pageModule() });
      await project.node([project.tool("@rsbuild/core/bin/rsbuild.js"), "build"]);
      return servedPage(project);
    },
  },
  rollup(
    "node-resolve",
    true,
    [...resolvePlugin, "-d", "dist", "--entryFileNames", "main.js"],
    asModule,
  ),
  rollup("node-resolve, browser", false, [...resolveForBrowsers, "-o", "dist/main.js"], asModule),
  rollup("iife", false, [...resolveForBrowsers, "-f", "iife", "-o", "dist/main.js"], classic),
  esbuild("browser", true, browserBundle, servedPage),
  esbuild("browser, esm", false, [...browserBundle, "--format=esm"], servedPage, {
    "dist/index.html": asModule,
  }),
  esbuild("page from file:", true, browserBundle, (project) =>
    idsOfPage(pathToFileURL(join(project.folder, "dist", "index.html")).href),
  ),
  esbuild("node, esm", true, [...nodeBundle, "--format=esm"], (project) =>
    printedIds(project, "dist/main.js", '{ "type": "module" }'),
  ),
  esbuild("node, cjs", true, nodeBundle, (project) => printedIds(project)),
  {
    name: "parcel build",
    group: "parcel",
    tool: "parcel",
    core: false,
    run: async (project) => {
      await project.put({
        "recommend.js": importModule(),
        "main.js": pageModule(),
        "index.html": asModule,
      });
      await project.node([project.tool("parcel/lib/bin.js"), "build", "index.html", "--no-cache"]);
      return servedPage(project);
    },
  },
  importMap("wasm as a file", "browser"),
  importMap("inline", "inline"),
];
