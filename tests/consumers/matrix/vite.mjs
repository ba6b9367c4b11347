// Vite without a configuration file: development, build, preview, worker, server-side rendering.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { idsOfPage } from "../lib/page.mjs";
import { importModule, pageModule, pageWith, printModule } from "../lib/program.mjs";
import { withStaticServer, withToolServer } from "../lib/serve.mjs";

const workerPage = `
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onerror = ({ message }) => { globalThis.consumerResult = { error: message }; };
worker.onmessage = ({ data }) => { globalThis.consumerResult = data; };
`;
const workerModule = `import { recommend } from "./recommend.js";
recommend().then(
  (ids) => postMessage({ ids }),
  (error) => postMessage({ error: String(error) }),
);
`;
const files = {
  "recommend.js": importModule(),
  "main.js": `if (location.hash === "#worker") import("./in-worker.js");
else if (location.hash === "#emoji") import("./in-emoji.js");
else import("./page.js");
`,
  "page.js": pageModule(),
  // The emoji catalogue of the package, as an asset of the application.
  "in-emoji.js": `import { Catalogue } from "pocketsage";
import url from "pocketsage/emoji.sage?url";
Catalogue.fetch(url).then(({ size }) => { globalThis.consumerResult = { ids: [size] }; });
`,
  "in-worker.js": workerPage,
  "worker.js": workerModule,
  "print.js": printModule,
  "index.html": pageWith('<script type="module" src="/main.js"></script>'),
};
const noExternal = "export default { ssr: { noExternal: true } };\n";
const loadSsrModule = (packageName) => `import { createServer } from "${packageName}";
const server = await createServer({
  server: { middlewareMode: true }, appType: "custom", ssr: { noExternal: true },
});
const { recommend } = await server.ssrLoadModule("/recommend.js");
console.log(JSON.stringify({ ids: await recommend() }));
await server.close();
`;

/** The consumers of one version of Vite, installed as `packageName`. */
function viteConsumers(major, packageName, isCore) {
  const group = "bundlers";
  const script = `${packageName}/bin/vite.js`;
  const define = (mode, use, core = isCore) => ({
    name: `vite ${major} ${mode}`,
    group,
    tool: packageName,
    core,
    run: async (project) => {
      await project.put(files);
      return use(project);
    },
  });
  const build = async (project) => {
    await project.node([project.tool(script), "build", "--logLevel", "warn"]);
    return join(project.folder, "dist");
  };
  const withDevServer = (project, hash, env) =>
    withToolServer(
      project,
      project.nodePath,
      (port) => [project.tool(script), "--host", "127.0.0.1", "--port", port, "--strictPort"],
      // The first visit may reload the page, once Vite has found the dependencies.
      async (origin) => idsOfPage(`${origin}/${hash}`, { lenient: true }),
      env,
    );
  return [
    define("dev", (project) => withDevServer(project, "")),
    define("dev worker", (project) => withDevServer(project, "#worker"), false),
    define(
      "dev, NODE_ENV=production", // as in many containers
      (project) => withDevServer(project, "", { NODE_ENV: "production" }),
      false,
    ),
    define("build", async (project) => {
      const dist = await build(project);
      const assets = await readdir(join(dist, "assets"));
      // The page and the worker share the files, and no script has the embedded wasm.
      for (const type of [".wasm", ".sage"])
        assert.equal(assets.filter((name) => name.endsWith(type)).length, 1, assets.join(" "));
      for (const name of assets.filter((asset) => asset.endsWith(".js")))
        assert.doesNotMatch(await readFile(join(dist, "assets", name), "utf8"), /H4sI/, name);
      return withStaticServer(dist, async (origin) => {
        const ids = await idsOfPage(origin);
        assert.deepEqual(await idsOfPage(`${origin}/#worker`), ids, "in a worker");
        assert.deepEqual(await idsOfPage(`${origin}/#emoji`), [1914], "items of emoji.sage");
        return ids;
      });
    }),
    define(
      "preview",
      async (project) => {
        await build(project);
        return withToolServer(
          project,
          project.nodePath,
          (port) => [project.tool(script), "preview", "--host", "127.0.0.1", "--port", port],
          (origin) => idsOfPage(origin),
        );
      },
      false,
    ),
    define(
      "SSR build, noExternal",
      async (project) => {
        await project.put({ "vite.config.js": noExternal });
        await project.node([project.tool(script), "build", "--ssr", "print.js"]);
        return project.printedIds(["dist/print.js"]);
      },
      false,
    ),
    define(
      "SSR dev, noExternal",
      async (project) => {
        await project.put({ "load.js": loadSsrModule(packageName) });
        return project.printedIds(["load.js"]);
      },
      false,
    ),
  ];
}

export const viteMatrix = [...viteConsumers(8, "vite", true), ...viteConsumers(7, "vite7", false)];
