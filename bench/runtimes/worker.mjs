// The Worker of workerd.mjs. The clock of workerd stands still during computation, so workerd.mjs
// measures calls from outside.
import { cluster, init } from "pocketsage";
import { mixture } from "../data/mixture.mjs";

let vectors;

export default {
  async fetch(request) {
    const { command, n, dim } = await request.json();
    if (command === "load") await init();
    if (command === "vectors") vectors = mixture(n, dim, { seed: n });
    const clustered = command === "cluster" ? cluster(vectors, { dim }) : undefined;
    return Response.json({ merges: clustered ? clustered.tree.length / 4 : 0 });
  },
};
