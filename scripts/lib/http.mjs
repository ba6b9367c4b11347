// HTTP servers on 127.0.0.1, for tests and benches.
import { createServer } from "node:http";
import { extname } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** The content type of a file by its extension. */
export function contentTypeOf(path) {
  return TYPES[extname(path)] ?? "application/octet-stream";
}

/**
 * Starts a server on a free port. Resolves to `{ origin, port, close }`; `close` ends open
 * connections too.
 */
export async function listen(handleRequest) {
  const server = createServer(handleRequest);
  await new Promise((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As `listen`, for a handler that takes a `Request` and resolves to a `Response`. */
export function serveFetch(handle) {
  return listen(async (incoming, outgoing) => {
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const { method, url, headers } = incoming;
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers,
      ...(parts.length > 0 && { body: Buffer.concat(parts) }),
    });
    const reply = await handle(request);
    outgoing.writeHead(reply.status, Object.fromEntries(reply.headers));
    outgoing.end(Buffer.from(await reply.arrayBuffer()));
  });
}

/** A port that was free a moment ago, for a server that another program starts. */
export async function freePort() {
  const { port, close } = await listen();
  await close();
  return port;
}
