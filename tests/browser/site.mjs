// The built package on 127.0.0.1, as a website would serve it.
import { readFile } from "node:fs/promises";
import { contentTypeOf, listen } from "../../scripts/lib/http.mjs";

const ROOT = new URL("../../", import.meta.url);
const IMPORT_MAP = JSON.stringify({
  imports: {
    pocketsage: "/pkg/entry/browser.js",
    "pocketsage/privacy": "/pkg/privacy/index.js",
    "pocketsage/vault": "/pkg/vault/index.js",
  },
});
const HEAD = `<meta charset="utf-8"><title>tests</title><link rel="icon" href="data:,">`;
const PAGE = `<!doctype html>${HEAD}<script type="importmap">${IMPORT_MAP}</script>`;

/**
 * Serves /pkg/, /tests/, /bench/ and /scripts/lib/ of the repository; "/" is an empty page with an
 * import map for "pocketsage". Returns `{ origin, close }`.
 */
export async function serveSite() {
  return listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    // Readable from every origin: a sandboxed frame has none and must load the modules, too.
    const headers = { "access-control-allow-origin": "*", "cache-control": "no-store" };
    if (pathname === "/")
      return response.writeHead(200, { ...headers, "content-type": "text/html" }).end(PAGE);
    if (!/^\/(pkg|tests|bench|scripts\/lib)\/[\w./-]+$/.test(pathname) || pathname.includes(".."))
      return response.writeHead(404).end();
    const file = await readFile(new URL(`.${pathname}`, ROOT)).catch(() => undefined);
    const type = contentTypeOf(pathname);
    response.writeHead(file ? 200 : 404, { ...headers, "content-type": type }).end(file);
  });
}
