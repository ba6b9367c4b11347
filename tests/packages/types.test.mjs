// The types, as a strict TypeScript project sees them, with the library's own declarations checked too.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { project, root, run } from "./project.mjs";

const { path, put } = await project();

const consumer = `
import {
  blend, buildProfile, Catalogue, cluster, connectSage, indexedDbStore, init, isSageError, memoryStore, openSage, project,
  SageError, serveSage,
} from "pocketsage";
import type {
  Action, Cut, ErrorCode, Hit, Interest, Profile, Query, Recommendation, Retriever, Sage, SageOptions, Store,
} from "pocketsage";

export async function main(bytes: Uint8Array): Promise<Recommendation[]> {
  const catalogue = await Catalogue.fromBytes(bytes);
  const options: SageOptions = { catalogue, store: indexedDbStore("me"), cut: { cosine: 0.6 }, kinds: { save: 3 } };
  const sage: Sage = await openSage(options);
  await sage.record({ item: "1F355", kind: "save" });
  const profile: Profile = await sage.profile();
  const medoids: string[] = profile.interests.map((interest: Interest) => interest.medoid);
  await sage.forget({ to: 0 });
  await sage.close();
  return medoids.length > 0 ? sage.recommend({ count: 3, pick: { seed: 1 } }) : [];
}

export const retriever: Retriever = async (queries: readonly Query[]): Promise<Hit[][]> => queries.map(() => []);
export const store: Store = memoryStore();
export const cut: Cut = { count: 3 };

export async function pieces(vectors: Float32Array): Promise<number> {
  await init();
  const { count, labels } = cluster(vectors, { dim: 2, cut });
  const interests = buildProfile([{ item: "a", vector: vectors.subarray(0, 2), at: 0 }], { dim: 2, now: 1 }).interests;
  const hits = blend([[{ item: "a", score: 1 }]], { weights: [1], count: 1 });
  return count + labels.length + interests.length + hits.length + project(vectors, { dim: 2 }).length;
}

export async function worker(): Promise<ErrorCode | undefined> {
  serveSage(() => openSage({ dim: 2, retriever }));
  try {
    const sage = await connectSage(new Worker(new URL("./worker.js", "https://example.org/"), { type: "module" }));
    await sage.close();
  } catch (error) {
    if (isSageError(error)) return error.code;
  }
  return new SageError("closed", "closed").code;
}

// Each of these must be refused: an unused directive is an error.
// @ts-expect-error an action needs an item
export const noItem: Action = { at: 1 };
// @ts-expect-error a cut has one of four shapes
export const wrongCut: Cut = { depth: 3 };
// @ts-expect-error vectors are Float32Arrays
export const wrongVector: Action = { item: "a", vector: [1, 2] };
// @ts-expect-error a misspelt option
void openSage({ dim: 2, catalog: undefined });
// @ts-expect-error a code that does not exist
void new SageError("oops", "oops");
// @ts-expect-error made with from, fromBytes or fetch
void new Catalogue();
`;

const settings = {
  "moduleResolution bundler": { module: "ESNext", moduleResolution: "bundler" },
  "moduleResolution nodenext": { module: "NodeNext", moduleResolution: "nodenext" },
};
for (const [name, resolution] of Object.entries(settings)) {
  for (const target of ["ES2022", "ESNext"]) {
    test(`strict, ${name}, ${target}`, async () => {
      await put("consumer.ts", consumer);
      const compilerOptions = {
        ...{ ...resolution, target, lib: [target, "DOM", "DOM.Iterable"], types: [] },
        ...{ strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true },
      };
      await put("tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const told = await run(process.execPath, [tsc, "--project", "."], path).catch(
        (failed) => failed,
      );
      assert.equal(told.stdout, "");
    });
  }
}
