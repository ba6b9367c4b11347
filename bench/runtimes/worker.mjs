// The Worker of workerd.mjs. Its own clock stands still while it computes, so what a call takes is measured from outside.
import { cluster, init } from "pocketsage";
import { mixture } from "../data/mixture.mjs";

let vectors;

export default {
  async fetch(request) {
    const { do: what, n, dim } = await request.json();
    if (what === "load") await init();
    if (what === "vectors") vectors = mixture(n, dim, { seed: n });
    const clustered = what === "cluster" ? cluster(vectors, { dim }) : undefined;
    return Response.json({ merges: clustered ? clustered.tree.length / 4 : 0 });
  },
};
