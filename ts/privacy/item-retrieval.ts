/**
 * Modes `anchors` and `medoids`: the same number of items goes to a vector engine once an epoch,
 * without weights, times and user id.
 */
import type { Catalogue } from "../catalogue/catalogue.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit, Outbound, Query, Retriever } from "../retriever.js";
import { type FrozenItems, newId, type StoredLedger } from "./ledger.js";
import { itemQueries } from "./outgoing.js";
import { drawDistinct, secureDraw } from "./random.js";
import { type SharedWork, shareWork } from "./shared-work.js";

/** An item that is sent, and the vector it has in the answer for the sage's queries. */
type SentItem = { readonly item: ItemId; readonly vector: Float32Array };

export interface ItemContext {
  readonly mode: "anchors" | "medoids";
  readonly retriever: Retriever;
  /** A public sample of the engine's items. */
  readonly catalogue: Catalogue;
  readonly interests: number;
  readonly history: (() => Promise<Iterable<ItemId>>) | undefined;
  readonly ledger: StoredLedger;
  readonly epochOf: () => number;
  readonly onOutbound: (message: Outbound) => void;
}

export interface ItemRetrieval {
  pending(queries: readonly Query[]): Outbound[];
  release(queries: readonly Query[], signal?: AbortSignal): Promise<void>;
  search(queries: readonly Query[]): Hit[][];
}

export function openItemRetrieval(context: ItemContext): ItemRetrieval {
  const { mode, retriever, catalogue, interests, history, ledger, epochOf } = context;
  const publicIds = [...catalogue.ids()];
  /** Vectors of medoids that are no items of the sample, by id. */
  const ownVectors = new Map<ItemId, Float32Array>();
  let pending: { epoch: number; key: string; queries: Query[] } | undefined;
  let answered: { epoch: number; sent: Query[]; answers: Hit[][] } | undefined;
  let running: SharedWork | undefined;

  const frozenIn = (epoch: number): FrozenItems | undefined =>
    ledger.current().frozen.find((items) => items.epoch === epoch && items.mode === mode);

  /** Items for the medoids of the queries, filled up with random items of the sample. */
  const chooseItems = (queries: readonly Query[]): SentItem[] => {
    const never = new Set(mode === "anchors" ? ledger.current().never : []);
    const chosenItems = new Map<ItemId, Float32Array>();
    for (const { item, vector } of queries) {
      if (item === undefined || chosenItems.size === interests) continue;
      never.add(item);
      if (mode === "medoids") chosenItems.set(item, vector);
      else {
        const exclude = [...never, ...chosenItems.keys()];
        const [anchor] = catalogue.search(vector, { count: 1, exclude, exact: true });
        if (anchor) chosenItems.set(anchor.item, catalogue.vector(anchor.item)!);
      }
    }
    for (const row of drawDistinct(publicIds.length, publicIds.length, secureDraw)) {
      if (chosenItems.size === interests) break;
      const item = publicIds[row]!;
      if (!never.has(item) && !chosenItems.has(item))
        chosenItems.set(item, catalogue.vector(item)!);
    }
    if (chosenItems.size === interests)
      return Array.from(chosenItems, ([item, vector]) => ({ item, vector }));
    throw new SageError(
      "option",
      `${mode}: the sample has fewer than ${interests} items outside the history, ` +
        "too few items: use a larger one.",
    );
  };

  /** The items of an earlier visit in this epoch, if all their vectors are known. */
  const frozenItems = (epoch: number, queries: readonly Query[]): SentItem[] | undefined => {
    for (const { item, vector } of queries) if (item !== undefined) ownVectors.set(item, vector);
    const items = frozenIn(epoch)?.items.map((item) => {
      const vector = catalogue.vector(item) ?? ownVectors.get(item);
      return vector && { item, vector };
    });
    return items?.every((item) => item !== undefined) ? items : undefined;
  };

  /** Whether one of the anchors is by now known to be an item of the history. */
  const hasHistory = (list: readonly Query[]): boolean => {
    const never = new Set(mode === "anchors" ? ledger.current().never : []);
    return list.some(({ item }) => never.has(item!));
  };

  /** Equal queries in one epoch share a plan: the sent items are the previewed ones. */
  const planFor = (queries: readonly Query[]) => {
    const epoch = epochOf();
    const key = queries.map(({ item }) => item).join("\n");
    if (pending?.epoch === epoch)
      if (frozenIn(epoch) || (pending.key === key && !hasHistory(pending.queries))) return pending;
    const items = frozenItems(epoch, queries);
    if (!items && frozenIn(epoch))
      throw new SageError(
        "retrieval",
        `${mode}: this epoch's items were sent, and one of them is no longer in the history. ` +
          "The next epoch sends others.",
      );
    const list = itemQueries(items ?? chooseItems(queries), secureDraw);
    pending = { epoch, key, queries: list };
    return pending;
  };

  const run = async (queries: readonly Query[], signal?: AbortSignal): Promise<void> => {
    const previewed = pending;
    if (history) await ledger.add({ never: [...(await history())] });
    const plan = planFor(queries);
    const { epoch, key, queries: sentQueries } = plan;
    if (previewed && previewed !== plan && previewed.epoch === epoch && previewed.key === key)
      throw new SageError(
        "retrieval",
        "anchors: an item of the preview is in the history, so nothing was sent. Call preview() " +
          "again; before it, neverSend() with the history.",
      );
    if (!frozenIn(epoch)) {
      const items = sentQueries.map(({ item }) => item!);
      await ledger.add({ frozen: [{ id: newId(), epoch, mode, items }] }, epoch);
    }
    for (const message of describe(retriever, sentQueries)) context.onOutbound(message);
    const answers = await retriever(
      sentQueries.map((query) => ({ ...query })),
      signal,
    );
    if (!Array.isArray(answers) || answers.length !== sentQueries.length)
      throw new SageError(
        "retrieval",
        `${mode}: expected ${sentQueries.length} answers of the engine.`,
      );
    answered = { epoch, sent: sentQueries, answers };
  };

  return {
    pending: (queries) =>
      answered?.epoch === epochOf() ? [] : describe(retriever, planFor(queries).queries),
    async release(queries, signal) {
      if (answered?.epoch === epochOf()) return;
      if (!running || running.isAbandoned)
        running = shareWork((workSignal) => run(queries, workSignal));
      await running.wait(signal);
    },
    search(queries) {
      const { sent, answers } = answered!;
      return queries.map(({ vector, item, count }) => {
        const row = nearestRow(sent, vector, item);
        return answers[row]!.slice(0, count);
      });
    },
  };
}

/** The row of the item itself, else of the sent item with the largest cosine. */
function nearestRow(sentQueries: readonly Query[], vector: Float32Array, item: ItemId | undefined) {
  const sameItemRow = sentQueries.findIndex((query) => query.item === item);
  if (sameItemRow >= 0) return sameItemRow;
  const scores = sentQueries.map((query) => {
    let product = 0;
    let squares = 0;
    query.vector.forEach((component, axis) => {
      product += component * vector[axis]!;
      squares += component * component;
    });
    return squares > 0 ? product / Math.sqrt(squares) : -Infinity;
  });
  return scores.indexOf(Math.max(...scores));
}

/** The adapter's own description of its requests, or the queries as JSON. */
function describe(retriever: Retriever, queries: readonly Query[]): Outbound[] {
  if (retriever.outbound) return retriever.outbound(queries);
  const json = JSON.stringify(
    queries.map(({ vector, ...rest }) => ({ vector: Array.from(vector), ...rest })),
  );
  return [
    {
      to: retriever.name || "retriever",
      bytes: new TextEncoder().encode(json),
      says: `${queries.length} items with their vectors. No weights, no times, no user id.`,
    },
  ];
}
