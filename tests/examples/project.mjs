// Copies of the examples in a folder where the packed package is installed, and a server for them.
import { cp, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { contentTypeOf, listen } from "../../scripts/lib/http.mjs";
import { createProject, root } from "../packages/consumer.mjs";

/**
 * A folder with the installed package, and with links to packages of the repository. Returns
 * `copy(name)`, which copies an example into it and resolves to its path, and what `createProject`
 * returns.
 */
export async function createExamples(linkedPackages = []) {
  const project = await createProject();
  for (const name of linkedPackages)
    await symlink(join(root, "node_modules", name), join(project.path, "node_modules", name));
  const copy = async (name) => {
    const folder = join(project.path, name);
    await cp(join(root, "examples", name), folder, { recursive: true });
    return folder;
  };
  return { ...project, copy };
}

/**
 * Serves a folder on 127.0.0.1. Files under /node_modules/ that it does not have come from the
 * folder above, as in Node. Resolves to `{ url, close }`.
 */
export async function serveFolder(folder) {
  const server = await listen(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://page").pathname);
    if (path.includes("..")) return response.writeHead(400).end();
    const file = path.replace(/\/$/, "/index.html");
    const read = (from) => readFile(join(from, file)).catch(() => undefined);
    let bytes = await read(folder);
    if (!bytes && path.startsWith("/node_modules/")) bytes = await read(join(folder, ".."));
    if (!bytes) return response.writeHead(404).end();
    const headers = { "content-type": contentTypeOf(file), "content-length": bytes.length };
    response.writeHead(200, { ...headers, "cache-control": "no-store" }).end(bytes);
  });
  return { url: `${server.origin}/`, close: server.close };
}
