// Times of loading in pages of a browser whose profile has cached all files.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { root } from "../../scripts/lib/versions.mjs";

const PAGE_FOLDER = join(import.meta.dirname, "page");
const CONTENT_TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
/** The page stays that long on each first visit: browsers keep compiled code after some seconds. */
const FIRST_VISIT_MS = 4000;
const FIRST_VISITS = 3;

/** What is visited, by the name of its row. `isNewTab`: a new tab, which has its own process. */
const VISITS = {
  "": { path: "/index.html" },
  "wasm preloaded": { path: "/preload.html" },
  "page has loaded": { path: "/index.html?loaded" },
  "new tab": { path: "/index.html", isNewTab: true },
};

/**
 * Resolves to `[name, replies]` for each kind of visit; kinds take turns, `count` times. Each reply
 * has the times of {@link measureLoading}, and as `later` that of a first call in an idle page.
 * `launchIn` opens a browser with its profile in a folder. `slowdown`: of the processor, in
 * Chromium.
 */
export async function measureBrowser(launchIn, slowdown, count) {
  const site = await serve(await bundlePages());
  const profile = await mkdtemp(join(tmpdir(), "pocketsage-loading-"));
  const context = await launchIn(profile);
  const replies = Object.keys(VISITS).map((name) => [name, []]);
  let page;
  const openTab = async () => {
    const previous = page;
    page = await context.newPage();
    await previous?.close();
    if (slowdown === 1) return;
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  };
  // The page posts its times: a driver that polls the page would take its processor.
  const visit = async (path) => {
    const [times] = await Promise.all([site.nextTimes(), page.goto(site.origin + path)]);
    return times;
  };
  try {
    for (let index = 0; index < FIRST_VISITS; index += 1) {
      await openTab();
      for (const path of ["/index.html", "/preload.html"]) {
        await visit(path);
        await page.waitForTimeout(FIRST_VISIT_MS);
      }
    }
    for (let index = 0; index < count; index += 1)
      for (const [name, list] of replies) {
        const { path, isNewTab } = VISITS[name];
        if (isNewTab) await openTab();
        const times = await visit(path);
        if (isNewTab) await openTab();
        const { first } = await visit(`${path}${path.includes("?") ? "&" : "?"}later`);
        list.push({ ...times, later: first });
      }
    return replies;
  } finally {
    await context.close();
    await site.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** Builds the pages by Vite into a folder, and resolves to the folder. */
async function bundlePages() {
  const outDir = join(root, "target", "bench-loading");
  await build({
    root: PAGE_FOLDER,
    configFile: false,
    logLevel: "warn",
    build: {
      outDir,
      emptyOutDir: true,
      target: "esnext",
      modulePreload: false,
      rollupOptions: {
        input: ["index", "preload"].map((name) => join(PAGE_FOLDER, `${name}.html`)),
      },
    },
  });
  return outDir;
}

/** Serves a folder; `nextTimes` resolves to what the next page posts. */
async function serve(folder) {
  let onTimes;
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      const chunks = await request.toArray();
      response.writeHead(204).end();
      return onTimes?.(JSON.parse(Buffer.concat(chunks).toString()));
    }
    const { pathname } = new URL(request.url, "http://localhost");
    const file = await readFile(join(folder, pathname)).catch(() => undefined);
    const type = CONTENT_TYPES[/\.\w+$/.exec(pathname)?.[0]];
    if (!file || !type) return response.writeHead(404).end();
    response
      .writeHead(200, { "content-type": type, "cache-control": "max-age=3600, immutable" })
      .end(file);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    nextTimes: () => new Promise((resolve) => (onTimes = resolve)),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
