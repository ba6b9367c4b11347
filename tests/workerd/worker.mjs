// The Worker of the tests. The package is imported by name, the catalogue is a data binding, and
// nothing is loaded at module scope. A request names a job, and its response is the result.
import { buildProfile, Catalogue, cluster, init, isSageError, openSage } from "pocketsage";

export default {
  async fetch(request, env) {
    const { job, ...args } = await request.json();
    try {
      return Response.json(await jobs[job](args, env));
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

  async invalidOption() {
    return openSage({ dim: 2, cut: { counts: 3 } });
  },

  /** A synchronous function before and after the wasm is loaded. */
  async clusterBeforeAndAfterInit() {
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

  /** Compiles wasm from bytes, which the platform must refuse. */
  async compileBytes({ bytes }) {
    try {
      await WebAssembly.compile(Uint8Array.from(bytes));
      return { refused: false };
    } catch (error) {
      return { refused: true, message: error.message };
    }
  },
};
