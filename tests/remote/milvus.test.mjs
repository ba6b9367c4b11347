// The Milvus adapter with version 1 of the REST API against a real Milvus 2.3.5 server. Version 2
// needs Milvus 2.4; tests/js/remote-contracts.test.mjs covers it. The server listens on all
// interfaces, so scripts/remote.mjs runs this file in a separate network namespace.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { milvus } from "pocketsage/remote";
import { conformance } from "./conformance.mjs";
import { DIM, makeItems, writeItems } from "./items.mjs";
import { milvusEnvironment, scratch } from "./servers/process.mjs";

const engine = { items: makeItems() };
let folder;
let server;
before(
  async () => {
    folder = await scratch("milvus");
    const path = join(folder.path, "items.json");
    await writeItems(path, engine.items);
    const script = fileURLToPath(new URL("servers/milvus_server.py", import.meta.url));
    server = spawn(
      join(milvusEnvironment, "bin", "python"),
      [script, join(folder.path, "data"), path],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const { port } = await new Promise((resolve, reject) => {
      server.on("exit", (code) => reject(new Error(`milvus_server.py ended with ${code}`)));
      let text = "";
      server.stdout.on("data", (part) => {
        text += part;
        const line = text.split("\n").find((each) => each.startsWith('{"port"'));
        if (line) resolve(JSON.parse(line));
      });
    });
    const url = `http://127.0.0.1:${port}`;
    const common = { url, collection: "items", version: 1, dim: DIM, timeout: 15_000 };
    engine.make = (options) => milvus({ ...common, ...options });
    engine.unreachable = () => milvus({ ...common, url: "http://127.0.0.1:1" });
    engine.missing = () => milvus({ ...common, collection: "nothing_here" });
  },
  { timeout: 180_000 },
);
after(async () => {
  if (server) {
    const exit = new Promise((resolve) => server.on("exit", resolve));
    server.stdin.end();
    await exit;
  }
  await folder?.remove();
});

conformance("milvus", engine, { filter: "none", auth: false });
