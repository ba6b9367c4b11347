/**
 * What the page calls in the worker, apart from the methods of a Sage: functions that need the
 * catalogue. Add a function here, and `WorkerClient.call` can call it. Arguments and results are
 * cloned.
 */
import {
  type Catalogue,
  type Interest,
  type ItemId,
  indexedDbStore,
  LIMITS,
  type Outbound,
  type Parameter,
  type Profile,
  type Recommendation,
  type RecommendOptions,
  type Sage,
} from "pocketsage";
import { nameInterests } from "pocketsage/names";
import {
  type CutTree,
  cutTree,
  type InterestTree,
  interestTree,
} from "./dendrogram/interest-tree.js";
import { exampleOf } from "./example-items.js";
import { type CatalogueMap, mapCatalogue } from "./map/catalogue-map.js";
import { cosine, withoutNearDuplicates } from "./near-duplicates.js";
import { importCatalogue, type OwnCatalogue } from "./own-catalogue.js";
import type { DialRequest, DialState } from "./privacy/dial-session.js";
import { LEDGER_STORE } from "./privacy/ledger-store.js";
import type { TextAnswer, TextRequest } from "./text-search/text-session.js";

/** The catalogue and the open Sage of the worker. */
export interface WorkerState {
  catalogue: Catalogue;
  sage: Sage;
}

/** Candidates for each pick, because near-duplicates are skipped. */
const CANDIDATES_PER_PICK = 3;
const NAME_WORDS = 2;
/** Maximum number of items of the history that a list is compared with. */
const MAX_COMPARED = 500;

/** The code of the dial of modes and that of typed texts, each once it is loaded. */
let dialSession: Promise<typeof import("./privacy/dial-session.js")> | undefined;
let textSession: Promise<typeof import("./text-search/text-session.js")> | undefined;

export interface RecommendationList {
  entries: Recommendation[];
  /** The mean over the entries of the highest cosine to an item of the history. */
  likeness: number;
}

/** The taste and what follows from it. */
export interface TasteState {
  profile: Profile;
  /** Recommended with several interests. */
  several: RecommendationList;
  /** Recommended with one average of the same actions. */
  average: RecommendationList;
  /** The messages that the next recommendation would send off the device. */
  outbound: Outbound[];
  parameters: Parameter[];
}

/** The methods of a Sage that change it. */
export type SageChange =
  | "record"
  | "forget"
  | "import"
  | "hide"
  | "unhide"
  | "dislike"
  | "undislike"
  | "boost";

export const workerCalls = {
  /**
   * Calls a method of the Sage that changes it. Worker calls run in their order, so that `taste`
   * contains all earlier changes; calls through the port of a Sage have no order with them.
   */
  change: ({ sage }: WorkerState, method: SageChange, args: unknown[]): Promise<unknown> =>
    (sage[method] as (...args: unknown[]) => Promise<unknown>)(...args),

  /** The taste, and lists without near-duplicates. Without actions both lists are empty. */
  async taste(
    { catalogue, sage }: WorkerState,
    options: RecommendOptions & { count: number },
  ): Promise<TasteState> {
    const profile = await sage.profile();
    const history = profile.interests.flatMap(({ items }) => items).slice(0, MAX_COMPARED);
    const vectorOf = await vectorReader(catalogue, sage, history);
    const historyVectors = history.flatMap((item) => vectorOf(item) ?? []);
    const count = options.count * CANDIDATES_PER_PICK;
    const listOf = async (focus: number): Promise<RecommendationList> => {
      if (profile.actions === 0) return { entries: [], likeness: 0 };
      const candidates = await sage.recommend({ ...options, count, focus });
      const entries = withoutNearDuplicates(catalogue, candidates, options.count);
      const vectors = entries.flatMap(({ item }) => catalogue.vector(item) ?? []);
      return { entries, likeness: likenessOf(vectors, historyVectors) };
    };
    return {
      profile,
      several: await listOf(0),
      average: await listOf(1),
      outbound: await sage.preview(options),
      parameters: await sage.parameters(),
    };
  },

  /** The words that name each interest, best first. */
  names({ catalogue }: WorkerState, interests: Interest[]): string[][] {
    return nameInterests({ interests }, catalogue, { count: NAME_WORDS }).map((words) =>
      words.map(({ word }) => word),
    );
  },

  /** Whether items have priors: without, the option `popularity` has no effect. */
  hasPriors({ catalogue }: WorkerState): boolean {
    for (const id of catalogue.ids()) if ((catalogue.prior(id) ?? 0) > 0) return true;
    return false;
  },

  /** Groups of alike items, for "Try an example". */
  example: ({ catalogue }: WorkerState): string[][] => exampleOf(catalogue),

  /** Reads a catalogue from a file and stores it in this browser; the open one stays open. */
  importCatalogue: (_: WorkerState, name: string, bytes: Uint8Array): Promise<OwnCatalogue> =>
    importCatalogue(name, bytes),

  /** The items of the catalogue with their first places and nearest neighbours. */
  map: ({ catalogue }: WorkerState): Promise<CatalogueMap> => mapCatalogue(catalogue),

  /** The merge tree of the items of the profile. */
  tree: ({ catalogue, sage }: WorkerState): Promise<InterestTree> => interestTree(catalogue, sage),

  /** The interests tree, cut into `count` interests. */
  cutTree: ({ catalogue }: WorkerState, tree: InterestTree, count: number): CutTree =>
    cutTree(catalogue, tree, count),

  /** Items for a typed text, best first; `taste` is its share of the score. */
  async findItems(
    state: WorkerState,
    request: TextRequest & { taste: number },
  ): Promise<TextAnswer> {
    textSession ??= import("./text-search/text-session.js");
    return (await textSession).findItems(state, request);
  },

  /** Records a text as an action. */
  async recordText(state: WorkerState, request: TextRequest & { at: number }): Promise<void> {
    textSession ??= import("./text-search/text-session.js");
    return (await textSession).recordText(state, request);
  },

  /** The dial of modes: what another mode would send, and sending it. */
  async privacy(state: WorkerState, request: DialRequest): Promise<DialState> {
    dialSession ??= import("./privacy/dial-session.js");
    return (await dialSession).answerDial(state, request);
  },

  /** Deletes the ledger of the dial, which holds cells of the interests. */
  async eraseLedger(_: WorkerState): Promise<void> {
    if (dialSession !== undefined) return (await dialSession).eraseLedger();
    // An earlier visit may have left one.
    await indexedDbStore(LEDGER_STORE).clear();
  },
};

export type WorkerCalls = typeof workerCalls;

type VectorReader = (item: ItemId) => Float32Array | undefined;

/** Vectors of the catalogue, and of the texts in the history, which only their actions have. */
async function vectorReader(
  catalogue: Catalogue,
  sage: Sage,
  history: readonly ItemId[],
): Promise<VectorReader> {
  const textVectors = new Map<ItemId, Float32Array>();
  if (history.some((item) => !catalogue.has(item)))
    for (const { item, vector } of await sage.actions({ count: LIMITS.maxCount }))
      if (vector instanceof Float32Array) textVectors.set(item, vector);
  return (item) => catalogue.vector(item) ?? textVectors.get(item);
}

/** The mean over `vectors` of the highest cosine to one of `others`. */
function likenessOf(vectors: readonly Float32Array[], others: readonly Float32Array[]): number {
  const highestCosines = vectors.map((vector) =>
    Math.max(0, ...others.map((other) => cosine(vector, other))),
  );
  return highestCosines.reduce((sum, value) => sum + value, 0) / Math.max(highestCosines.length, 1);
}
