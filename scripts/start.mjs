// `npm start`: sets up, builds, serves the page on the loopback interface, and prints its URL.
//   npm start -- --port 8080    this port, or an error; without it the first free one from 5173
//   npm start -- --open         also opens the browser
// Two more servers on free ports hold the emoji in cells, for the panel "What has left this
// device".
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { printTitle, Remedy, runScript, secondsSinceStart } from "./lib/output.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

await runScript(async () => {
  const { values } = parseArgs({
    options: { port: { type: "string" }, open: { type: "boolean", default: false } },
  });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65536)) {
    throw new Remedy(
      `--port: saw "${values.port}", expected a whole number from 0 to 65535, as in --port 8080.`,
    );
  }
  await setup();
  await build();

  // After set-up, which installs Vite, and the build.
  const { createServer } = await import("vite");
  const { openCellServers, withServers } = await import("./lib/cell-servers.mjs");
  const origins = [];
  const { servers, hosts } = await openCellServers({ origins });
  const server = await createServer({
    root: join(root, "www"),
    plugins: [{ name: "cell-servers", transformIndexHtml: (html) => withServers(html, servers) }],
    server: {
      host: "127.0.0.1",
      open: values.open,
      ...(port === undefined ? {} : { port, strictPort: true }),
    },
    logLevel: "warn",
  });
  await server.listen();
  const [url] = server.resolvedUrls.local;
  const { origin, port: pagePort } = new URL(url);
  origins.push(origin, `http://localhost:${pagePort}`);
  const seconds = secondsSinceStart().toFixed(0);
  printTitle(`PocketSage is at ${url}  (ready in ${seconds} s; Ctrl-C stops it)`);
  console.log(`Two servers of cells: ${hosts.map((host) => host.origin).join(" and ")}`);
});
