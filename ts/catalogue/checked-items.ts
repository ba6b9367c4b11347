/** Validates items for a catalogue one by one, and adds them to the core in batches. */

import type { CoreBuilder } from "../core/interface.js";
import { encodeStrings } from "../core/strings.js";
import { SageError } from "../errors.js";
import type { ItemId, VectorLike } from "../item.js";
import {
  checkItemId,
  checkList,
  checkPrior,
  checkVector,
  inspect,
  isVector,
  unexpected,
} from "../values/check.js";
import { encodePrior } from "./priors.js";

/**
 * An item to add to a catalogue: its id, its vector of `dim` finite components, and optionally a
 * payload that JSON can represent (undefined for none) and a prior: a number from 0 to 1e15, such
 * as a count of actions. Default: 0.
 */
export type CatalogueItem = readonly [
  item: ItemId,
  vector: VectorLike,
  payload?: unknown,
  prior?: number | undefined,
];

/**
 * A validated item. `payloadJson` is the payload as JSON text, empty for none; `priorCode` the
 * prior as ./priors.js encodes it.
 */
export interface CheckedItem {
  item: string;
  vector: Float32Array;
  payload: unknown;
  payloadJson: string;
  priorCode: number;
}

/**
 * Number of items per call of the core: few enough that the copied vectors fit into the CPU cache.
 * Batches also avoid a third copy of all vectors.
 */
const ITEMS_PER_BATCH = 512;

/** Appends the items to a builder. */
export function addItems(builder: CoreBuilder, items: readonly CheckedItem[], dim: number): void {
  const matrix = new Float32Array(Math.min(ITEMS_PER_BATCH, items.length) * dim);
  for (let start = 0; start < items.length; start += ITEMS_PER_BATCH) {
    const batch = items.slice(start, start + ITEMS_PER_BATCH);
    batch.forEach(({ vector }, row) => matrix.set(vector, row * dim));
    const ids = encodeStrings(batch.map(({ item }) => item));
    const payloads = encodeStrings(batch.map(({ payloadJson }) => payloadJson));
    builder.add(
      matrix.subarray(0, batch.length * dim),
      dim,
      ids.utf8,
      ids.ends,
      payloads.utf8,
      payloads.ends,
    );
  }
}

/** Validates the items that are the argument of `call`; error messages name it and the index. */
export function checkCatalogueItems(
  items: Iterable<CatalogueItem>,
  dim: number,
  call: string,
): CheckedItem[] {
  return Array.from(checkList(call, items, "[id, vector]"), (item, index) =>
    checkCatalogueItem(item, index, dim, call),
  );
}

function checkCatalogueItem(
  entry: CatalogueItem,
  index: number,
  dim: number,
  call: string,
): CheckedItem {
  const where = `${call}: item ${index}`;
  if (!Array.isArray(entry)) throw unexpected(where, "[id, vector]", entry);
  const [id, vector, payload, prior = 0] = entry as CatalogueItem;
  const item = checkItemId(where, id);
  // A function, because formatting the id for each valid item would take measurable time.
  const whereWithId = (): string => `${where} (${inspect(item)})`;
  const payloadJson = payload === undefined ? "" : checkPayload(whereWithId, payload);
  return {
    item,
    vector: isVector(vector, dim) ? vector : checkVector(whereWithId(), vector, dim),
    payload,
    payloadJson,
    priorCode: encodePrior(checkPrior(whereWithId, prior)),
  };
}

/** Prior codes of items, in their order. */
export function priorCodesOf(items: readonly CheckedItem[]): Uint16Array {
  return Uint16Array.from(items, ({ priorCode }) => priorCode);
}

/** The payload as JSON text. */
function checkPayload(where: () => string, payload: unknown): string {
  try {
    const payloadJson: unknown = JSON.stringify(payload);
    if (typeof payloadJson === "string") return payloadJson;
  } catch (cause) {
    throw new SageError("option", `${where()}: the payload cannot be written as JSON.`, { cause });
  }
  throw new SageError(
    "option",
    `${where()}: the payload cannot be written as JSON, saw ${inspect(payload)}.`,
  );
}
