// A Worker as a user writes it: the package by its name, the catalogue from a binding, nothing at module scope.
import { buildProfile, Catalogue, cluster, init, isSageError, openSage } from "pocketsage";

export default {
  async fetch(request, env) {
    const { job, ...given } = await request.json();
    try {
      return Response.json(await jobs[job](given, env));
    } catch (error) {
      if (!isSageError(error)) throw error;
      return Response.json({ code: error.code, message: error.message });
    }
  },
};

const jobs = {
  async recommend({ actions, now, options }, env) {
    const catalogue = await Catalogue.fromBytes(new Uint8Array(env.EMOJI));
    try {
      const sage = await openSage({ catalogue, now: () => now });
      await sage.record(actions);
      const { interests } = await sage.profile();
      const recommendations = await sage.recommend(options);
      const outbound = await sage.preview();
      return { size: catalogue.size, interests, recommendations, outbound: outbound.length };
    } finally {
      catalogue.close();
    }
  },

  async wrong() {
    return openSage({ dim: 2, cut: { counts: 3 } });
  },

  /** The synchronous pieces before and after the wasm is there. */
  async pieces() {
    const vectors = Float32Array.of(1, 0, 0.9, 0.1, 0, 1);
    let before = "ready";
    try {
      cluster(vectors, { dim: 2 });
    } catch (error) {
      before = error.code;
    }
    await init();
    return { before, labels: [...cluster(vectors, { dim: 2, cut: { count: 2 } }).labels] };
  },

  async profile({ actions, options }) {
    await init();
    const profile = buildProfile(
      actions.map((action) => ({ ...action, vector: Float32Array.from(action.vector) })),
      options,
    );
    return profile.interests.map((interest) => ({ ...interest, vector: [...interest.vector] }));
  },

  /** What the platform refuses, so that the tests know it is refused here too. */
  async generate({ bytes }) {
    try {
      await WebAssembly.compile(Uint8Array.from(bytes));
      return { refused: false };
    } catch (error) {
      return { refused: true, message: error.message };
    }
  },
};
