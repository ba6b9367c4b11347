// Two servers of cells on two origins of this machine, for the page of `npm start` and its tests.
// They represent two operators that do not collude. The first one also serves the files of the
// cells, and an endpoint that answers by items, which represents a vector engine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { serveFetch } from "./http.mjs";
import { root } from "./versions.mjs";

/** Number of cells of the emoji catalogue. */
const CELLS = 64;
/** Maximum length of a request to the engine, in bytes: 16 medoids by id take less. */
const MAX_ENGINE_BYTES = 32_768;

/**
 * Builds cells from the emoji catalogue of the page and serves them on free ports of 127.0.0.1.
 * `origins`: those of the page; the list may grow later. Returns `{ servers, hosts, close }`:
 * `servers` is the content of the page's `<meta name="cell-servers">`, `hosts` the two servers as
 * `{ origin, close }`. `onRequest` is called with each request to a host: `{ host, method, path,
 * body }`.
 */
export async function openCellServers({ origins, onRequest = () => undefined }) {
  // The modules that cells.js imports, not their bundle.
  const { Catalogue } = await import("../../pkg/entry/node.js");
  const { buildCells } = await import("../../pkg/cli/build/cells.js");
  const { cellsHandler } = await import("../../pkg/privacy/server/index.js");
  const bytes = await readFile(join(root, "www", "catalogues", "emoji.sage"));
  const catalogue = await Catalogue.fromBytes(bytes);
  const items = Array.from(catalogue.ids(), (id) => [id, catalogue.vector(id)]);
  const options = { cells: CELLS, payloadFields: [], onProgress: () => undefined };
  const { files } = await buildCells(items, catalogue.dim, options);
  const bytesByName = new Map(files.map((file) => [file.name, file.bytes]));
  const answerXor = await cellsHandler({ read: async (name) => bytesByName.get(name), origins });

  const answer = async (request, isFirst) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/cells/xor") return answerXor(request);
    const headers = corsHeaders(request, origins);
    if (isFirst && request.method === "OPTIONS")
      return new Response(null, { status: 204, headers });
    if (isFirst && pathname.startsWith("/cells/")) {
      const file = bytesByName.get(pathname.slice("/cells/".length));
      if (file) return new Response(file, { headers });
    }
    if (isFirst && request.method === "POST" && pathname === "/v1/retrieve")
      return answerItems(request, catalogue, headers);
    return new Response("Not found.", { status: 404, headers });
  };
  const hosts = [];
  for (const index of [0, 1])
    hosts.push(
      await serveFetch(async (request) => {
        const body = new Uint8Array(await request.clone().arrayBuffer());
        const { pathname: path } = new URL(request.url);
        onRequest({ host: index, method: request.method, path, body });
        return answer(request, index === 0);
      }),
    );
  const [first, second] = hosts.map(({ origin }) => origin);
  return {
    servers: {
      catalogue: "emoji",
      cells: `${first}/cells`,
      hosts: [`${first}/v1/cells/xor`, `${second}/v1/cells/xor`],
      engine: `${first}/v1/retrieve`,
    },
    hosts,
    async close() {
      await Promise.all(hosts.map((host) => host.close()));
      catalogue.close();
    },
  };
}

/** The page with the addresses of the servers in its `<meta name="cell-servers">`. */
export function withServers(html, servers) {
  const content = JSON.stringify(servers).replace(/&/g, "&amp;").replace(/"/g, "&quot;");
  return html.replace(
    '<meta name="cell-servers" content="" />',
    `<meta name="cell-servers" content="${content}" />`,
  );
}

/** The answers of `httpRetriever` (ts/remote/engines/http.ts), by exact search. */
async function answerItems(request, catalogue, headers) {
  const { decodeMedoids } = await import("../../pkg/remote/index.js");
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > MAX_ENGINE_BYTES) return new Response("Too large.", { status: 413, headers });
  let queries;
  try {
    queries = decodeMedoids(body);
  } catch (error) {
    return new Response(error.message, { status: 400, headers });
  }
  const answers = queries.map(({ item, count }) => {
    const vector = catalogue.vector(item);
    if (!vector) return { status: "not-found" };
    return { status: "ok", hits: catalogue.search(vector, { count }) };
  });
  return Response.json({ answers }, { headers });
}

function corsHeaders(request, origins) {
  const origin = request.headers.get("origin");
  if (origin === null || !origins.includes(origin)) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-allow-headers": "content-type",
  };
}
