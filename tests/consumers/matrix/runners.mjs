// Node, test runners, and the runtimes other than Node.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { idsOfPage } from "../lib/page.mjs";
import { importModule, pageModule, pageWith, printModule, requireModule } from "../lib/program.mjs";
import { withStaticServer } from "../lib/serve.mjs";

const files = { "recommend.js": importModule(), "print.js": printModule };
const requirePrint = `require("./recommend.cjs").recommend().then(
  (ids) => console.log(JSON.stringify({ ids })),
);
`;
/** A test that prints the ids where its runner leaves standard output alone. */
const testOf = (importLine) => `${importLine}
test("recommends", async () => {
  const ids = await recommend();
  expect(ids).toHaveLength(12);
  process.stderr.write("\\nids " + JSON.stringify(ids) + "\\n");
}, 30_000);
`;
const commonTest = testOf('const { recommend } = require("./recommend.cjs");');
const moduleTest = testOf('import { recommend } from "./recommend.js";');

const idsIn = (output) => JSON.parse(/^ids (\[.*\])$/m.exec(output)?.[1] ?? "[]");

const jest = (name, core, test, { args = [], env = {} } = {}) => ({
  name: `jest ${name}`,
  group: "runners",
  tool: "jest",
  core,
  run: async (project) => {
    await project.put({
      ...files,
      "recommend.cjs": requireModule,
      [test === commonTest ? "consumer.test.cjs" : "consumer.test.js"]: test,
      "package.json": JSON.stringify({
        type: "module",
        jest: { testMatch: ["**/*.test.{js,cjs}"], transform: {} },
      }),
    });
    const script = project.tool("jest/bin/jest.js");
    return idsIn(await project.output([script, "--ci", "--no-cache", ...args], env));
  },
});
const experimentalModules = { env: { NODE_OPTIONS: "--experimental-vm-modules" } };
const jsdom = { args: ["--env", "jsdom"] };

const vitest = (name, core, args) => ({
  name: `vitest ${name}`,
  group: "runners",
  tool: "vitest",
  core,
  run: async (project) => {
    await project.put({
      ...files,
      "consumer.test.js": `import { expect, test } from "vitest";\n${moduleTest}`,
    });
    return idsIn(await project.output([project.tool("vitest/vitest.mjs"), "run", ...args]));
  },
});

const node = (name, files, entry) => ({
  name: `node ${name}`,
  group: "runners",
  tool: "pocketsage",
  core: true,
  run: async (project) => {
    await project.put(files);
    return project.printedIds([entry]);
  },
});

export const runnerMatrix = [
  node("import", files, "print.js"),
  node("require", { "recommend.cjs": requireModule, "print.cjs": requirePrint }, "print.cjs"),
  jest("CommonJS", true, commonTest),
  jest("CommonJS, jsdom", true, commonTest, jsdom),
  jest("ES modules", false, moduleTest, experimentalModules),
  jest("ES modules, jsdom", false, moduleTest, { ...experimentalModules, ...jsdom }),
  vitest("node", true, []),
  vitest("jsdom", false, ["--environment", "jsdom"]),
  {
    name: "deno run",
    group: "runtimes",
    tool: "deno",
    core: false,
    run: async (project) => {
      await project.put(files);
      const args = ["run", "--allow-all", "--node-modules-dir=manual", "--no-lock", "print.js"];
      return project.printedIds(args, { command: await project.binary("@deno", "deno") });
    },
  },
  {
    name: "bun run",
    group: "runtimes",
    tool: "bun",
    core: false,
    run: async (project) => {
      await project.put(files);
      return project.printedIds(["print.js"], {
        command: await project.binary("@oven", "bin/bun"),
      });
    },
  },
  {
    name: "bun build, browser",
    group: "runtimes",
    tool: "bun",
    core: false,
    run: async (project) => {
      await project.put({
        "recommend.js": importModule(),
        "page.js": pageModule(),
        "dist/index.html": pageWith('<script type="module" src="page.js"></script>'),
      });
      const bun = await project.binary("@oven", "bin/bun");
      await project.run(bun, ["build", "page.js", "--outdir=dist"]);
      return withStaticServer(join(project.folder, "dist"), (origin) => idsOfPage(origin));
    },
  },
  {
    name: "wrangler bundle in workerd",
    group: "cloudflare",
    tool: "wrangler",
    core: true,
    run: wranglerBundle,
  },
];

/** Bundles a Worker as `wrangler deploy` does, and runs the bundle in workerd. */
async function wranglerBundle(project) {
  await project.put({
    "recommend.js": importModule(),
    "worker.js": `import { recommend } from "./recommend.js";
export default { fetch: async () => Response.json({ ids: await recommend() }) };
`,
    "wrangler.json": JSON.stringify({
      name: "consumer",
      main: "worker.js",
      compatibility_date: "2026-04-01",
    }),
  });
  const script = project.tool("wrangler/bin/wrangler.js");
  await project.node([script, "deploy", "--dry-run", "--outdir", "dist"]);
  const dist = join(project.folder, "dist");
  const wasmFiles = (await readdir(dist)).filter((name) => name.endsWith(".wasm"));
  assert.equal(wasmFiles.length, 1, wasmFiles.join(" "));
  const wasm = wasmFiles.map(async (name) => ({
    type: "CompiledWasm",
    path: name,
    contents: await readFile(join(dist, name)),
  }));
  const miniflare = new Miniflare({
    modules: [
      { type: "ESModule", path: "worker.js", contents: await readFile(join(dist, "worker.js")) },
      ...(await Promise.all(wasm)),
    ],
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    port: 0,
    cf: false,
  });
  try {
    const response = await miniflare.dispatchFetch("http://worker/");
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text).ids;
  } finally {
    await miniflare.dispose();
  }
}
