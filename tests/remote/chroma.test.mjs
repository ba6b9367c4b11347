// The Chroma adapter against a real Chroma server, which has no authentication since version 1.
import { after, before } from "node:test";
import { chroma } from "pocketsage/remote";
import { conformance } from "./conformance.mjs";
import { DIM, makeItems } from "./items.mjs";
import { startChroma } from "./servers/chroma.mjs";

const engine = { items: makeItems() };
let server;
before(
  async () => {
    server = await startChroma();
    const { collection } = await server.load(engine.items, DIM);
    const { url } = server;
    engine.make = (options) => chroma({ url, collection, dim: DIM, ...options });
    engine.unreachable = () => chroma({ url: "http://127.0.0.1:1", collection, dim: DIM });
    engine.missing = () =>
      chroma({ url, collection: "00000000-0000-4000-8000-000000000000", dim: DIM });
  },
  { timeout: 120_000 },
);
after(() => server?.stop());

conformance("chroma", engine, { auth: false });
