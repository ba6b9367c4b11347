// Frameworks: each project is built and started, or served by its development server; its
// output on the server and in the browser is checked.
import assert from "node:assert/strict";
import { idsOfPage } from "../lib/page.mjs";
import { importModule } from "../lib/program.mjs";
import { fetchIds, withToolServer } from "../lib/serve.mjs";

/** Runs in a component of a page, once it is in the browser. */
const reportIds = `recommend().then(
    (ids) => { globalThis.consumerResult = { ids }; },
    (error) => { globalThis.consumerResult = { error: String(error) }; },
  );`;
const jsonResponse = `Response.json({ ids: await recommend() })`;

/** The ids that each of these addresses gives; all must be equal. */
async function equalIds(origin, { json = [], pages = [], lenient = false }) {
  let first;
  for (const path of [...json, ...pages]) {
    const url = `${origin}${path}`;
    const ids = json.includes(path) ? await fetchIds(url) : await idsOfPage(url, { lenient });
    first ??= ids;
    assert.deepEqual(ids, first, path);
  }
  return first;
}

const nextFiles = {
  "recommend.js": importModule(),
  "next.config.mjs": `import { resolve } from "node:path";
const root = resolve(import.meta.dirname, "../..");
export default { turbopack: { root }, outputFileTracingRoot: root };
`,
  "app/layout.js": `export default function Layout({ children }) {
  const icon = <link rel="icon" href="data:," />;
  return <html lang="en"><head>{icon}</head><body>{children}</body></html>;
}
`,
  // A server component, whose ids the page hands to the check.
  "app/server/page.js": `import { recommend } from "../../recommend.js";
export const dynamic = "force-dynamic";
export default async function Page() {
  const result = JSON.stringify({ ids: await recommend() });
  return <script dangerouslySetInnerHTML={{ __html: "globalThis.consumerResult = " + result }} />;
}
`,
  "app/page.js": `"use client";
import { useEffect } from "react";
import { recommend } from "../recommend.js";
export default function Page() {
  useEffect(() => {
    ${reportIds}
  }, []);
  return <p>client</p>;
}
`,
  "app/node/route.js": `import { recommend } from "../../recommend.js";
export const dynamic = "force-dynamic";
export const GET = async () => ${jsonResponse};
`,
};
/**
 * A route on the edge runtime. Next 16.4 builds those in app/ by Turbopack only: by webpack, a file
 * of its own is missing, in an empty project, too.
 */
const edgeRoutes = {
  turbopack: {
    "app/edge/route.js": `import { recommend } from "../../recommend.js";
export const runtime = "edge";
export const GET = async () => ${jsonResponse};
`,
  },
  webpack: {
    "pages/api/edge.js": `import { recommend } from "../../recommend.js";
export const config = { runtime: "edge" };
export default async () => ${jsonResponse};
`,
  },
};
const edgePaths = { turbopack: "/edge", webpack: "/api/edge" };

function next(mode, bundler, core) {
  const script = "next/dist/bin/next";
  return {
    name: `next ${mode}, ${bundler}`,
    group: "next",
    tool: "next",
    core,
    run: async (project) => {
      await project.put({ ...nextFiles, ...edgeRoutes[bundler] });
      const json = ["/node", edgePaths[bundler]];
      if (mode === "build") await project.node([project.tool(script), "build", `--${bundler}`]);
      const command = mode === "build" ? ["start"] : ["dev", `--${bundler}`];
      return withToolServer(
        project,
        project.nodePath,
        (port) => [project.tool(script), ...command, "-H", "127.0.0.1", "-p", port],
        (origin) => equalIds(origin, { json, pages: ["/server", "/"], lenient: mode === "dev" }),
      );
    },
  };
}

/** A framework with an adapter for Node: built, then started by Node. */
const framework = (name, tool, files, build, start, targets) => ({
  name: `${name} build`,
  group: name,
  tool,
  core: false,
  nodeGroup: "node24",
  run: async (project) => {
    await project.put(files);
    await project.node([project.tool(build[0]), ...build.slice(1)]);
    return withToolServer(
      project,
      project.nodePath,
      () => [start],
      (origin) => equalIds(origin, targets),
    );
  },
});

const nuxt = framework(
  "nuxt",
  "nuxt",
  {
    "nuxt.config.ts": "export default { compatibilityDate: '2026-01-01' };\n",
    "app/recommend.js": importModule(),
    "server/recommend.js": importModule(),
    "server/api/ids.js": `import { recommend } from "../recommend.js";
export default defineEventHandler(async () => ({ ids: await recommend() }));
`,
    "app/app.vue": `<script setup>
import { recommend } from "./recommend.js";
// On the server, and again in the browser.
const { data } = await useAsyncData("ids", () => recommend());
onMounted(() => {
  ${reportIds}
});
</script>
<template><p>{{ data }}</p></template>
`,
  },
  ["nuxt/bin/nuxt.mjs", "build"],
  ".output/server/index.mjs",
  { json: ["/api/ids"], pages: ["/"] },
);

const sveltekit = framework(
  "sveltekit",
  "@sveltejs/kit",
  {
    "package.json": '{ "name": "consumer", "private": true, "type": "module" }\n',
    "vite.config.js": `import { sveltekit } from "@sveltejs/kit/vite";
import adapter from "@sveltejs/adapter-node";
export default { plugins: [sveltekit({ adapter: adapter() })] };
`,
    "src/app.html": `<!doctype html><html lang="en"><head><link rel="icon" href="data:,">
%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>
`,
    "src/recommend.js": importModule(),
    "src/routes/ids/+server.js": `import { recommend } from "../../recommend.js";
export const GET = async () => ${jsonResponse};
`,
    "src/routes/+page.svelte": `<script>
import { onMount } from "svelte";
import { recommend } from "../recommend.js";
onMount(() => {
  ${reportIds}
});
</script>
<p>client</p>
`,
  },
  ["vite/bin/vite.js", "build"],
  "build/index.js",
  { json: ["/ids"], pages: ["/"] },
);

const astro = framework(
  "astro",
  "astro",
  {
    "astro.config.mjs": `import node from "@astrojs/node";
export default { output: "server", adapter: node({ mode: "standalone" }) };
`,
    "src/recommend.js": importModule(),
    "src/pages/ids.js": `import { recommend } from "../recommend.js";
export const GET = async () => ${jsonResponse};
`,
    "src/pages/index.astro": `---
import { recommend } from "../recommend.js";
const ids = await recommend();
---
<html lang="en"><head><link rel="icon" href="data:,"></head><body><p>{ids.join(" ")}</p>
<script>
import { recommend } from "../recommend.js";
${reportIds}
</script></body></html>
`,
  },
  ["astro/bin/astro.mjs", "build"],
  "dist/server/entry.mjs",
  { json: ["/ids"], pages: ["/"] },
);

export const frameworkMatrix = [
  next("build", "turbopack", false),
  next("build", "webpack", false),
  next("dev", "turbopack", false),
  next("dev", "webpack", false),
  nuxt,
  sveltekit,
  astro,
];
