/** Fetches cells once an epoch, and searches their items on the device. */
import { Catalogue } from "../catalogue/catalogue.js";
import type { CatalogueItem } from "../catalogue/checked-items.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit, Query } from "../retriever.js";
import { checkVector } from "../values/check.js";
import type { CellPlan } from "./cell-release.js";
import {
  CELL_HASH_BYTES,
  type CellManifest,
  CODEBOOK_HEADER_BYTES,
  type Codebook,
  decodeManifest,
  openCell,
  openCodebook,
} from "./cells/format.js";
import { xorBytes } from "./cells/xor.js";
import type { StoredLedger } from "./ledger.js";
import { codebookMessage, type Message, manifestMessage } from "./outgoing.js";
import { sendAll, type Transport } from "./send.js";
import { type SharedWork, shareWork } from "./shared-work.js";

/** A manifest with its codebook. */
export interface OpenedCells {
  readonly folder: string;
  readonly manifest: CellManifest;
  readonly codebook: Codebook;
}

/** Fetches manifest and codebook. Rejects with code "retrieval", "corrupt" or "version". */
export async function fetchCodebook(
  folder: string,
  pinned: string | undefined,
  transport: Transport,
): Promise<OpenedCells> {
  const [text] = await sendAll([manifestMessage(folder)], transport, undefined);
  const manifest = decodeManifest(new TextDecoder().decode(text));
  if (pinned !== undefined && manifest.codebook !== pinned)
    throw new SageError(
      "corrupt",
      `${folder} has the codebook ${manifest.codebook}, expected ${pinned}: ` +
        "update the option `codebook` if the cells were built again.",
    );
  const length = CODEBOOK_HEADER_BYTES + manifest.cells * (CELL_HASH_BYTES + manifest.dim);
  const [bytes] = await sendAll([codebookMessage(folder, manifest, length)], transport, undefined);
  return { folder, manifest, codebook: await openCodebook(bytes!, manifest) };
}

/** How the cells of a mode are chosen and requested. */
export interface CellStrategy {
  readonly plan: (vectors: readonly Float32Array[], epoch: number) => CellPlan;
  readonly messages: (cells: readonly number[]) => Message[];
  /** Whether two replies hold all cells as XOR shares; else each reply is one cell. */
  readonly isSplit: boolean;
}

/** The retrieval of the modes that fetch cells. */
export interface CellRetrieval {
  /** The messages that the next release sends; none if this epoch had its release. */
  pending(queries: readonly Query[]): Message[];
  release(queries: readonly Query[], signal?: AbortSignal): Promise<void>;
  search(queries: readonly Query[]): Hit[][];
  payload(item: ItemId): unknown;
  close(): void;
}

/** A plan that was previewed or is about to be sent. */
interface Pending {
  readonly key: string;
  readonly plan: CellPlan;
  readonly messages: Message[];
}

export function openCellRetrieval(
  { manifest, codebook }: OpenedCells,
  strategy: CellStrategy,
  context: { ledger: StoredLedger; transport: Transport; epochOf: () => number },
): CellRetrieval {
  const { ledger, transport, epochOf } = context;
  let pending: Pending | undefined;
  let fetched: { epoch: number; catalogue: Catalogue } | undefined;
  let running: { epoch: number; work: SharedWork } | undefined;

  const vectorsOf = (queries: readonly Query[]): Float32Array[] =>
    queries.map(({ vector }, index) => checkVector(`query ${index}`, vector, manifest.dim));

  /** Equal queries in one epoch keep their plan, so that what was previewed is what is sent. */
  const planFor = (queries: readonly Query[]): Pending => {
    const vectors = vectorsOf(queries);
    const epoch = epochOf();
    const entries = ledger.current().releases.length;
    const key = `${epoch} ${entries} ${vectors.map((vector) => vector.join()).join(" ")}`;
    if (pending?.key === key) return pending;
    const plan = strategy.plan(vectors, epoch);
    pending = { key, plan, messages: strategy.messages(plan.cells) };
    return pending;
  };

  const cellsOf = (replies: readonly Uint8Array[], count: number): Uint8Array[] => {
    if (!strategy.isSplit) return [...replies];
    const joinedReplies = xorBytes(replies[0]!, replies[1]!);
    const { cellBytes } = manifest;
    return Array.from({ length: count }, (_, index) =>
      joinedReplies.subarray(index * cellBytes, (index + 1) * cellBytes),
    );
  };

  const run = async (
    queries: readonly Query[],
    epoch: number,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const { plan, messages } = planFor(queries);
    // Random vectors are for one request only, also if it fails.
    pending = undefined;
    // The cost is stored first: a crash afterwards counts a release too many, never one too few.
    if (plan.releases.length > 0) await ledger.add({ releases: plan.releases });
    const replies = await sendAll(messages, transport, signal);
    const items = new Map<ItemId, CatalogueItem>();
    const cells = cellsOf(replies, plan.cells.length);
    for (const [index, cell] of plan.cells.entries())
      for (const { item, codes, payload } of await openCell(cells[index]!, cell, codebook))
        if (!items.has(item))
          items.set(
            item,
            payload === undefined ? [item, codes] : [item, codes, JSON.parse(payload) as unknown],
          );
    const { dim, space } = manifest;
    const options = { dim, precision: "compact", ...(space !== undefined && { space }) } as const;
    const catalogue = await Catalogue.from(items.values(), options);
    fetched?.catalogue.close();
    fetched = { epoch, catalogue };
  };

  return {
    pending: (queries) => (fetched?.epoch === epochOf() ? [] : planFor(queries).messages),
    async release(queries, signal) {
      const epoch = epochOf();
      if (fetched?.epoch === epoch) return;
      if (!running || running.epoch !== epoch || running.work.isAbandoned)
        running = { epoch, work: shareWork((workSignal) => run(queries, epoch, workSignal)) };
      await running.work.wait(signal);
    },
    search(queries) {
      if (!fetched) throw new SageError("closed", "The cells were closed: open them again.");
      const { catalogue } = fetched;
      return vectorsOf(queries).map((vector, row) =>
        catalogue.search(vector, { count: queries[row]!.count }),
      );
    },
    payload: (item) => fetched?.catalogue.payload(item),
    close() {
      fetched?.catalogue.close();
      fetched = undefined;
    },
  };
}
