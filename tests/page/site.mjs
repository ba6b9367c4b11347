// The page as it would be deployed: built by Vite, and served by a plain static server from a folder that is not the root.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const PAGE = fileURLToPath(new URL("../../www", import.meta.url));
const FOLDER = "/somewhere/else/";
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Builds the page and serves it on a free port of this machine. `close` ends both the server and the built files. */
export async function serveSite() {
  const built = await mkdtemp(join(tmpdir(), "pocketsage-page-"));
  await build({ root: PAGE, logLevel: "warn", build: { outDir: built, emptyOutDir: true } });
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://127.0.0.1").pathname;
    const file =
      path === FOLDER
        ? "index.html"
        : path.startsWith(FOLDER)
          ? normalize(path.slice(FOLDER.length))
          : "..";
    try {
      if (file.startsWith("..")) throw new Error("outside the folder");
      const bytes = await readFile(join(built, file));
      response
        .writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" })
        .end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${FOLDER}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(built, { recursive: true });
    },
  };
}
