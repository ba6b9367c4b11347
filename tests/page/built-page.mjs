// The page as deployed: built by Vite, served by a static server under a path that is not the root.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const PAGE = fileURLToPath(new URL("../../www", import.meta.url));
const BASE_PATH = "/somewhere/else/";
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Builds the page into a temporary folder and serves it on a free port of 127.0.0.1. Returns
 * `{ url, close }`; `close` ends the server and deletes the folder.
 */
export async function serveBuiltPage() {
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-page-"));
  await build({ root: PAGE, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    const bytes = await read(folder, pathname);
    if (bytes === undefined) return response.writeHead(404).end();
    const type = TYPES[extname(pathname) || ".html"] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type }).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${BASE_PATH}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

/** The bytes of a served path, or undefined if it is outside of the folder or does not exist. */
async function read(folder, path) {
  if (!path.startsWith(BASE_PATH)) return undefined;
  const name = normalize(path.slice(BASE_PATH.length) || "index.html");
  if (name.startsWith("..")) return undefined;
  return readFile(join(folder, name)).catch(() => undefined);
}
