// The page as deployed: built by Vite, served by a static server under a path that is not the root.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { contentTypeOf, listen } from "../../scripts/lib/http.mjs";

const PAGE = fileURLToPath(new URL("../../www", import.meta.url));
const BASE_PATH = "/somewhere/else/";

/**
 * Builds the page into a temporary folder and serves it on a free port of 127.0.0.1. Returns
 * `{ url, served, close }`; `close` ends the server and deletes the folder. With `gzip`, files are
 * compressed as a static host does. `editHtml` changes index.html as it is served. `served` maps
 * the name of each file that was requested to the bytes of its body, all requests together.
 */
export async function serveBuiltPage({ gzip = false, editHtml = (html) => html } = {}) {
  const compressed = new Map();
  const served = new Map();
  const folder = await mkdtemp(join(tmpdir(), "pocketsage-page-"));
  await build({ root: PAGE, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });
  const server = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    const bytes = await read(folder, pathname);
    if (bytes === undefined) return response.writeHead(404).end();
    const name = pathname.slice(BASE_PATH.length) || "index.html";
    const headers = { "content-type": contentTypeOf(name), "cache-control": cacheControlOf(name) };
    let body = name === "index.html" ? Buffer.from(editHtml(bytes.toString())) : bytes;
    if (gzip && !/\.png$/.test(name)) {
      if (!compressed.has(name)) compressed.set(name, gzipSync(bytes, { level: 9 }));
      body = compressed.get(name);
      headers["content-encoding"] = "gzip";
    }
    served.set(name, (served.get(name) ?? 0) + body.length);
    response.writeHead(200, headers).end(body);
  });
  return {
    url: `${server.origin}${BASE_PATH}`,
    served,
    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Vite puts a hash into the names of its assets. */
function cacheControlOf(name) {
  return name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

/** The bytes of a served path, or undefined if it is outside of the folder or does not exist. */
async function read(folder, path) {
  if (!path.startsWith(BASE_PATH)) return undefined;
  const name = normalize(path.slice(BASE_PATH.length) || "index.html");
  if (name.startsWith("..")) return undefined;
  return readFile(join(folder, name)).catch(() => undefined);
}
