// A static server with range requests on 127.0.0.1, for the tests and the bench of catalogues that
// are searched by ranges. Written by hand: servers on npm have many dependencies.
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { listen } from "./http.mjs";
import { root } from "./versions.mjs";

/**
 * Serves files: `files` maps a URL path to the path of a file, or to its bytes. `answer` may change
 * an answer: it receives `{ path, range, status, headers, body }` before it is sent, and returns
 * the changed object. Other requests go to `fallback(request, response)`. Returns `{
 * origin, files, requests, close }`; `requests` lists `{ path, range, bytes }` of what was sent.
 */
export async function serveRanges(files, { answer = (given) => given, fallback } = {}) {
  const requests = [];
  const state = { files, requests, answer };
  const { origin, close } = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site");
    const file = state.files[pathname];
    if (file === undefined) {
      if (fallback) return fallback(request, response);
      return response.writeHead(404).end();
    }
    const given = await readRange(file, request.headers.range);
    const sent = await state.answer({ path: pathname, range: request.headers.range, ...given });
    requests.push({ path: pathname, range: request.headers.range, bytes: sent.body.length });
    response.writeHead(sent.status, {
      "access-control-allow-origin": "*",
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      ...sent.headers,
    });
    response.end(request.method === "HEAD" ? undefined : sent.body);
  });
  return Object.assign(state, { origin, close });
}

/** The status, headers and body of an answer. */
async function readRange(file, range) {
  const size = typeof file === "string" ? await sizeOf(file) : file.length;
  const version = typeof file === "string" ? size : file.subarray(0, 16).join("");
  const etag = `"${version}"`;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(Number(last ?? size - 1), size - 1);
  if (start >= size)
    return { status: 416, headers: { "content-range": `bytes */${size}` }, body: Buffer.alloc(0) };
  const body =
    typeof file === "string"
      ? await readPart(file, start, end - start + 1)
      : Buffer.from(file.buffer, file.byteOffset + start, end - start + 1);
  if (first === undefined) return { status: 200, headers: { etag }, body };
  const headers = { etag, "content-range": `bytes ${start}-${end}/${size}` };
  return { status: 206, headers, body };
}

async function sizeOf(path) {
  const handle = await open(path);
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function readPart(path, position, length) {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read({ buffer: Buffer.alloc(length), position });
    return buffer;
  } finally {
    await handle.close();
  }
}

/**
 * A fallback: /pkg/, /bench/ and /tests/ of the repository, and "/", an empty page with an import
 * map for the package. Isolated, so that the page can measure its memory.
 */
export async function servePackage(request, response) {
  const { pathname } = new URL(request.url, "http://site");
  const headers = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  };
  const imports = {
    pocketsage: "/pkg/entry/browser.js",
    "pocketsage/ranged": "/pkg/catalogue/ranged/index.js",
  };
  const icon = '<link rel="icon" href="data:,">';
  const importMap = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  if (pathname === "/")
    return response
      .writeHead(200, { ...headers, "content-type": "text/html" })
      .end(`<!doctype html><meta charset="utf-8">${icon}${importMap}`);
  const isPublic = /^\/(pkg|bench|tests)\/[\w./-]+$/.test(pathname) && !pathname.includes("..");
  const file = isPublic ? await readFile(join(root, pathname)).catch(() => undefined) : undefined;
  const type = pathname.endsWith(".wasm") ? "application/wasm" : "text/javascript";
  response.writeHead(file ? 200 : 404, { ...headers, "content-type": type }).end(file);
}
