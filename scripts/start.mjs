// `npm start`: sets up, builds, serves the page on the loopback interface, and prints its URL.
//   npm start -- --port 8080    this port, or an error; without it the first free one from 5173
//   npm start -- --open         also opens the browser
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

  const { createServer } = await import("vite"); // after set-up, which installs it
  const server = await createServer({
    root: join(root, "www"),
    server: {
      host: "127.0.0.1",
      open: values.open,
      ...(port === undefined ? {} : { port, strictPort: true }),
    },
    logLevel: "warn",
  });
  await server.listen();
  const [url] = server.resolvedUrls.local;
  const seconds = secondsSinceStart().toFixed(0);
  printTitle(`PocketSage is at ${url}  (ready in ${seconds} s; Ctrl-C stops it)`);
});
