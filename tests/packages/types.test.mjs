// The types in a strict TypeScript project, which checks the declarations of the package, too.
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createProject, root, run } from "./consumer.mjs";

const { path, put } = await createProject();
// The peers, and their types.
await put("node_modules/@types/.keep", "");
for (const name of ["react", "vue", "@types/react"])
  await symlink(join(root, "node_modules", name), join(path, "node_modules", name));

const consumer = `
import {
  buildProfile, Catalogue, cluster, connectSage, indexedDbStore, init, isSageError,
  memoryStore, openSage, project, SageError, serveSage,
} from "pocketsage";
import { interleave, type Replay, replay } from "pocketsage/evaluate";
import { nameInterests, type NameWord } from "pocketsage/names";
import { migrateLog, type MigrationReport } from "pocketsage/migrate";
import { type CatalogueText, openText } from "pocketsage/text";
import { openRanged, type RangedCatalogue } from "pocketsage/ranged";
import { type Answer, useRecommendations, useSage } from "pocketsage/react";
import { recommendationsStore, sageStore } from "pocketsage/svelte";
import * as vue from "pocketsage/vue";
import type {
  Action, Cut, ErrorCode, Hit, Interest, Profile, Query, Recommendation, Retriever, Sage,
  SageOptions, Store,
} from "pocketsage";

export const openFile = (url: string): Promise<RangedCatalogue> => openRanged(url, { memory: 0 });
export const words: NameWord[][] = [];
export const textOf = (catalogue: Catalogue): CatalogueText => openText(catalogue);
export const migrated = (log: Uint8Array, a: Catalogue, b: Catalogue): MigrationReport =>
  migrateLog(log, a, b, { minRetention: 0.9 }).report;
export const evaluate = async (sage: Sage, catalogue: Catalogue): Promise<Replay> => {
  words.push(...nameInterests(await sage.profile({ at: 0 }), catalogue, { count: 2 }));
  const [first] = interleave(await sage.recommend(), [], { seed: 1 });
  const team: "a" | "b" | undefined = first?.team;
  const ranked: string[] = await sage.rank(["1F355", { item: "1F354" }], { taste: 0.5 });
  const held = ranked.length + (team ? 1 : 0);
  return replay(await sage.actions(), { sage: { catalogue }, held });
};

export const inReact = (open: () => Promise<Sage>): Answer<Recommendation> =>
  useRecommendations(useSage(open, "me").sage, { count: 3, exclude: new Set(["1F355"]) });
export const inVue = (open: () => Promise<Sage>): readonly Recommendation[] =>
  vue.useRecommendations(vue.useSage(open, () => "me").sage, () => ({ count: 3 })).data.value;
export const inSvelte = (open: () => Promise<Sage>) =>
  recommendationsStore(sageStore(open), { count: 3 });
// @ts-expect-error a misspelt option
export const wrongOption = () => useRecommendations(undefined, { cuont: 3 });

export async function recommend(bytes: Uint8Array): Promise<Recommendation[]> {
  const catalogue = await Catalogue.fromBytes(bytes);
  const store = indexedDbStore("me");
  const options: SageOptions = { catalogue, store, cut: { cosine: 0.6 }, kinds: { save: 3 } };
  const sage: Sage = await openSage(options);
  await sage.record({ item: "1F355", kind: "save" });
  const profile: Profile = await sage.profile();
  const medoids: string[] = profile.interests.map((interest: Interest) => interest.medoid);
  await sage.forget({ to: 0 });
  await sage.close();
  return medoids.length > 0 ? sage.recommend({ count: 3, pick: { seed: 1 } }) : [];
}

export const retriever: Retriever = async (queries: readonly Query[]): Promise<Hit[][]> =>
  queries.map(() => []);
export const store: Store = memoryStore();
export const cut: Cut = { count: 3 };

export async function synchronousFunctions(vectors: Float32Array): Promise<number> {
  await init();
  const { count, labels } = cluster(vectors, { dim: 2, cut });
  const actions = [{ item: "a", vector: vectors.subarray(0, 2), at: 0 }];
  const { interests } = buildProfile(actions, { dim: 2, now: 1 });
  const points = project(vectors, { dim: 2 });
  return count + labels.length + interests.length + points.length;
}

export async function worker(): Promise<ErrorCode | undefined> {
  serveSage(() => openSage({ dim: 2, retriever }));
  try {
    const url = new URL("./worker.js", "https://example.org/");
    const sage = await connectSage(new Worker(url, { type: "module" }));
    await sage.close();
  } catch (error) {
    if (isSageError(error)) return error.code;
  }
  return new SageError("closed", "closed").code;
}

// Each of these must be a type error: TypeScript reports a directive without one.
// @ts-expect-error an action needs an item
export const noItem: Action = { at: 1 };
// @ts-expect-error a cut has one of four shapes
export const wrongCut: Cut = { depth: 3 };
// Any form of numbers is a vector, strings are not.
export const plainVector: Action = { item: "a", vector: [1, 2] };
// @ts-expect-error a vector holds numbers
export const wrongVector: Action = { item: "a", vector: ["1", "2"] };
// @ts-expect-error a misspelt option
void openSage({ dim: 2, catalog: undefined });
// @ts-expect-error not an error code
void new SageError("oops", "oops");
// @ts-expect-error the constructor is private: from, fromBytes and fetch create a catalogue
void new Catalogue();
`;

const RESOLUTIONS = {
  "moduleResolution bundler": { module: "ESNext", moduleResolution: "bundler" },
  "moduleResolution nodenext": { module: "NodeNext", moduleResolution: "nodenext" },
  // Reads `typesVersions` instead of `exports`. The default of `module: CommonJS` before 6.0.
  "moduleResolution node10": {
    module: "CommonJS",
    moduleResolution: "node10",
    ignoreDeprecations: "6.0",
  },
};
for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
  for (const target of ["ES2022", "ESNext"]) {
    test(`strict, ${name}, ${target}`, async () => {
      await put("consumer.ts", consumer);
      const compilerOptions = {
        ...resolution,
        target,
        lib: [target, "DOM", "DOM.Iterable"],
        types: [],
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
      };
      await put("tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const { stdout } = await run(process.execPath, [tsc, "--project", "."], path).catch(
        (error) => error,
      );
      assert.equal(stdout, "", "tsc reports its errors on standard output");
    });
  }
}
