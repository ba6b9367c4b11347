// The Redis adapter against a real Redis 8 server.
import { after, before } from "node:test";
import { redis } from "pocketsage/remote";
import { conformance } from "./conformance.mjs";
import { DIM, makeItems } from "./items.mjs";
import { startRedis } from "./servers/redis.mjs";

const engine = { items: makeItems() };
const clients = [];
let server;
before(
  async () => {
    server = await startRedis({ password: "secret" });
    await server.load(engine.items, DIM);
    engine.make = (options) =>
      redis({ command: server.command, key: "items", dim: DIM, ...options });
    const commandWith = (settings) => {
      const client = server.connect(settings);
      client.then(
        (each) => clients.push(each),
        () => undefined,
      );
      return async (parts) => (await client).sendCommand(parts.map((part) => Buffer.from(part)));
    };
    engine.unauthorized = () =>
      redis({
        command: commandWith({ socket: { reconnectStrategy: false } }),
        key: "items",
        dim: DIM,
      });
    engine.unreachable = () =>
      redis({
        command: commandWith({ url: "redis://127.0.0.1:1", socket: { reconnectStrategy: false } }),
        key: "items",
        dim: DIM,
      });
    engine.missing = () => redis({ command: server.command, key: "nothing-here", dim: DIM });
  },
  { timeout: 120_000 },
);
after(async () => {
  for (const client of clients) client.destroy();
  await server?.stop();
});

conformance("redis", engine, { filter: "numbers" });
