// The built package on 127.0.0.1, as a site would serve it, and a headless Chromium to open it with.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const root = new URL("../../", import.meta.url);
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const IMPORTS = JSON.stringify({ imports: { pocketsage: "/pkg/entry/browser.js" } });
const HEAD = `<meta charset="utf-8"><title>tests</title><link rel="icon" href="data:,">`;
const PAGE = `<!doctype html>${HEAD}<script type="importmap">${IMPORTS}</script>`;

/** Serves /pkg/ and /tests/ of the repository; "/" is an empty page that knows "pocketsage". */
export async function serveSite() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const type = TYPES[pathname.match(/\.\w+$/)?.[0]] ?? "application/octet-stream";
    // Anyone may read it: a sandboxed frame, which has no origin, must be able to load the modules.
    const headers = { "access-control-allow-origin": "*", "cache-control": "no-store" };
    if (pathname === "/")
      return response.writeHead(200, { ...headers, "content-type": TYPES[".html"] }).end(PAGE);
    if (!/^\/(pkg|tests)\/[\w./-]+$/.test(pathname) || pathname.includes(".."))
      return response.writeHead(404).end();
    const file = await readFile(new URL(`.${pathname}`, root)).catch(() => undefined);
    response.writeHead(file ? 200 : 404, { ...headers, "content-type": type }).end(file);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A headless Chromium: CHROMIUM_PATH, or where Debian puts it. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH || "/usr/bin/chromium",
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}
