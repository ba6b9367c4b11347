/**
 * Builds every byte that `pocketsage/privacy` sends: send.ts accepts messages of this file only,
 * and a retriever of the modes `anchors` and `medoids` receives queries of this file only.
 */
import type { ItemId } from "../item.js";
import type { Outbound, Query } from "../retriever.js";
import { type CellManifest, fileNames } from "./cells/format.js";
import { encodeXorRequest, splitCell, vectorBytes } from "./cells/xor.js";
import { type Draw, randomBytes, shuffle } from "./random.js";

declare const isBuilt: unique symbol;

/** A complete request. Only this file makes one. */
export interface Message {
  readonly [isBuilt]: true;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Exact length of the reply in bytes, or the largest one. */
  readonly replyBytes: number;
  readonly isExact: boolean;
  readonly says: string;
}

/** Hits per query of `anchors` and `medoids`: a constant, independent of the count of a query. */
const HITS_PER_QUERY = 200;
const MAX_MANIFEST_BYTES = 65_536;

function buildMessage(fields: Omit<Message, typeof isBuilt>): Message {
  return fields as Message;
}

function buildGet(url: string, replyBytes: number, isExact: boolean, says: string): Message {
  return buildMessage({ method: "GET", url, replyBytes, isExact, says });
}

/** The address of a file below the folder of the cells. */
function addressOf(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}

/** The request for the manifest: equal for all users. */
export function manifestMessage(folder: string): Message {
  const says = "Nothing about the user: the manifest is public.";
  return buildGet(addressOf(folder, fileNames.manifest), MAX_MANIFEST_BYTES, false, says);
}

/** The request for the codebook: equal for all users. `bytes`: its length. */
export function codebookMessage(folder: string, manifest: CellManifest, bytes: number): Message {
  const says = "Nothing about the user: the codebook is public.";
  return buildGet(addressOf(folder, fileNames.codebook(manifest)), bytes, true, says);
}

/** What the cell numbers in the addresses disclose, by the way the cells were chosen. */
const CELL_DISCLOSURES = {
  shard: "Nothing about the user: random cells, drawn once.",
  plain: "The cells of the interests, among random ones: no formal protection.",
  static: (epsilon: number, sets: number, size: number): string =>
    `${sets} sets of ${size} cells. Each is ${epsilon.toFixed(3)}-locally differentially ` +
    "private for one interest, or random.",
};

/** One request for each cell, in this order. */
export function cellMessages(
  folder: string,
  manifest: CellManifest,
  cells: readonly number[],
  kind: "shard" | "plain" | { epsilon: number; sets: number; size: number },
): Message[] {
  const says =
    typeof kind === "string"
      ? CELL_DISCLOSURES[kind]
      : CELL_DISCLOSURES.static(kind.epsilon, kind.sets, kind.size);
  return cells.map((cell) => {
    const url = addressOf(folder, fileNames.cell(manifest, cell));
    return buildGet(url, manifest.cellBytes, true, says);
  });
}

/** One request to each of two servers for the same cells; fresh random vectors in every call. */
export function splitMessages(
  hosts: readonly [string, string],
  manifest: CellManifest,
  cells: readonly number[],
): Message[] {
  const length = vectorBytes(manifest.cells);
  const vectors = cells.map((cell) => splitCell(cell, manifest.cells, randomBytes(length)));
  return hosts.map((url, host) =>
    buildMessage({
      method: "POST",
      url,
      isExact: true,
      replyBytes: cells.length * manifest.cellBytes,
      body: encodeXorRequest(
        manifest,
        vectors.map((pair) => pair[host]!),
      ),
      says:
        `${cells.length} random bit vectors. By themselves they say nothing; ` +
        "together with those of the other server they name the cells of the interests.",
    }),
  );
}

/**
 * The queries of `anchors` and `medoids`: an item with its vector and a constant number of hits, in
 * random order. No weights, no times, no user id.
 */
export function itemQueries(
  items: readonly { readonly item: ItemId; readonly vector: Float32Array }[],
  draw: Draw,
): Query[] {
  return shuffle(items, draw).map(({ item, vector }) => ({
    vector: vector.slice(),
    item,
    count: HITS_PER_QUERY,
  }));
}

/** The message as `preview()` shows it: the body, or the address if there is none. */
export function describe({ url, body, says }: Message): Outbound {
  return { to: url, bytes: body?.slice() ?? new TextEncoder().encode(url), says };
}
