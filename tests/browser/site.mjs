// The built package on 127.0.0.1, as a website would serve it.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const ROOT = new URL("../../", import.meta.url);
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const IMPORT_MAP = JSON.stringify({
  imports: {
    pocketsage: "/pkg/entry/browser.js",
    "pocketsage/privacy": "/pkg/privacy/index.js",
  },
});
const HEAD = `<meta charset="utf-8"><title>tests</title><link rel="icon" href="data:,">`;
const PAGE = `<!doctype html>${HEAD}<script type="importmap">${IMPORT_MAP}</script>`;

/**
 * Serves /pkg/, /tests/, /bench/ and /scripts/lib/ of the repository; "/" is an empty page with an
 * import map for "pocketsage". Returns `{ origin, close }`.
 */
export async function serveSite() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const type = TYPES[pathname.match(/\.\w+$/)?.[0]] ?? "application/octet-stream";
    // Readable from every origin: a sandboxed frame has none and must load the modules, too.
    const headers = { "access-control-allow-origin": "*", "cache-control": "no-store" };
    if (pathname === "/")
      return response.writeHead(200, { ...headers, "content-type": TYPES[".html"] }).end(PAGE);
    if (!/^\/(pkg|tests|bench|scripts\/lib)\/[\w./-]+$/.test(pathname) || pathname.includes(".."))
      return response.writeHead(404).end();
    const file = await readFile(new URL(`.${pathname}`, ROOT)).catch(() => undefined);
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
