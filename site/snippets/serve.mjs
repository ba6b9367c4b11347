// A folder on 127.0.0.1, as a development server would serve it: bare imports of the package in
// modules resolve, in workers too.
import { readFile } from "node:fs/promises";
import { join, normalize, posix } from "node:path";
import { contentTypeOf, listen } from "../../scripts/lib/http.mjs";

const HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
const BARE_IMPORT = /(from|import) "pocketsage(\/\w+)?"/g;
const MODULE = "/node_modules/pocketsage";

/** The file of an entry of package.json in browsers. */
const targetOf = (entry) =>
  typeof entry === "object" ? targetOf(entry.browser ?? entry.default) : entry;

/**
 * Serves `folder`, then `public/` of `project`, then its modules. "/?module=NAME" is an empty page
 * with that module. Resolves to `{ origin, close }`.
 */
export async function serveFolder(folder, project) {
  const manifest = await readFile(join(project, MODULE, "package.json"), "utf8").catch(() => "{}");
  const { exports = {} } = JSON.parse(manifest);
  const addressOf = (_, keyword, entry = "") => {
    return `${keyword} "${posix.join(MODULE, targetOf(exports[`.${entry}`]) ?? entry)}"`;
  };
  return listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://site");
    const module = searchParams.get("module");
    const send = (body, type) => response.writeHead(200, { "content-type": type }).end(body);
    if (module) return send(`${HEAD}<script type="module" src="/${module}"></script>`, "text/html");
    const path = normalize(decodeURIComponent(pathname.replace(/\/$/, "/index.html")));
    const places = [join(folder, path), join(project, "public", path)];
    if (path.startsWith("/node_modules/")) places.push(join(project, path));
    for (const place of places) {
      const body = await readFile(place).catch(() => undefined);
      if (body === undefined) continue;
      const isOwnModule = /\.m?js$/.test(place) && !path.startsWith("/node_modules/");
      return send(
        isOwnModule ? String(body).replace(BARE_IMPORT, addressOf) : body,
        contentTypeOf(place),
      );
    }
    response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
  });
}
