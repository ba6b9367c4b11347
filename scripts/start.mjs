// `npm start`: sets up, builds, serves the page on this machine only and prints its URL.
//   npm start -- --port 8080    that port or an error; otherwise the first free one from 5173
//   npm start -- --open         also opens the browser
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { elapsed, Remedy, script, title } from "./lib/say.mjs";
import { root } from "./lib/versions.mjs";
import { setup } from "./setup.mjs";

await script(async () => {
  const { values } = parseArgs({
    options: { port: { type: "string" }, open: { type: "boolean", default: false } },
  });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65536)) {
    throw new Remedy(`--port is "${values.port}": it must be a whole number from 0 to 65535.`);
  }
  await setup();
  await build();

  const { createServer } = await import("vite"); // only now is it sure to be installed
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
  title(
    `PocketSage is at ${server.resolvedUrls.local[0]}  (ready in ${elapsed().toFixed(0)} s; Ctrl-C stops it)`,
  );
});
