/**
 * The dial of modes in the worker. It opens a second Sage with the same history and a retriever of
 * `pocketsage/privacy`, so that the lists of the page stay local while a mode is tried.
 */
import {
  type Catalogue,
  indexedDbStore,
  LIMITS,
  memoryStore,
  type Outbound,
  openSage,
  type Sage,
} from "pocketsage";
import {
  type LedgerReport,
  type OutboundRecord,
  openPrivacy,
  type Privacy,
  type PrivacyOptions,
} from "pocketsage/privacy";
import { httpRetriever } from "pocketsage/remote";
import { LEDGER_STORE } from "./ledger-store.js";
import type { CellServers } from "./servers.js";

/** The modes of the dial; `cells` once for each transport. */
export type DialMode = "local" | "split" | "static" | "plain" | "anchors" | "medoids";

/** Budget of `static` in the demonstration. */
const EPSILON = 4;
const EPSILON_CAP = 40;
const PICKS = 12;
const DAY_MS = 24 * 60 * 60 * 1000;

export type DialRequest =
  | { type: "open"; mode: DialMode; servers: CellServers | undefined }
  /** The current preview, log and ledger. Sends nothing. */
  | { type: "refresh" }
  /** Sends what the preview shows. */
  | { type: "send" }
  /** Begins the next epoch, without waiting for the next day. */
  | { type: "next-epoch" };

export interface DialState {
  mode: DialMode;
  /** Exactly the messages that the next recommendation sends. */
  preview: Outbound[];
  log: OutboundRecord[];
  ledger: LedgerReport;
  /** After "send": items of the answers, and those that the catalogue on the device returns. */
  picks?: { received: string[]; local: string[] };
}

/** The catalogue and the Sage of the page. */
interface PageState {
  readonly catalogue: Catalogue;
  readonly sage: Sage;
}

interface Session {
  mode: DialMode;
  privacy: Privacy;
  sage: Sage;
}

let session: Session | undefined;
/** The latest request to open a mode: after an erasure it opens again. */
let selection: (DialRequest & { type: "open" }) | undefined;
let epochsAhead = 0;

/** Settles when the last request has ended: they run one after the other. */
let queueEnd: Promise<unknown> = Promise.resolve();

export function answerDial(state: PageState, request: DialRequest): Promise<DialState> {
  return enqueue(() => answer(state, request));
}

/** Closes the mode that is open and deletes the ledger, which holds cells of the interests. */
export function eraseLedger(): Promise<void> {
  return enqueue(async () => {
    await closeSession();
    await indexedDbStore(LEDGER_STORE).clear();
  });
}

function enqueue<T>(task: () => Promise<T>): Promise<T> {
  const done = queueEnd.then(task);
  queueEnd = done.catch(() => undefined);
  return done;
}

async function answer(state: PageState, request: DialRequest): Promise<DialState> {
  if (request.type === "open") {
    await closeSession();
    selection = request;
  }
  if (selection === undefined) throw new Error("The dial has no mode yet");
  session ??= await openSession(state, selection.mode, selection.servers);
  if (request.type === "next-epoch") epochsAhead += 1;
  const { mode, privacy, sage } = session;
  // Import merges; deletions are part of the export and are merged, too.
  await sage.import(await state.sage.export());
  const hasActions = (await sage.profile()).actions > 0;
  const picks =
    request.type === "send" && hasActions ? { picks: await comparePicks(state.sage, sage) } : {};
  // An item of the history must never be an anchor.
  if (mode === "anchors") await privacy.neverSend(await historyOf(state.sage));
  const preview = hasActions ? await sage.preview({ count: PICKS }) : [];
  return { mode, preview, log: privacy.outboundLog(), ledger: privacy.ledger(), ...picks };
}

async function closeSession(): Promise<void> {
  const closed = session;
  session = undefined;
  await closed?.sage.close();
  closed?.privacy.close();
}

async function openSession(
  state: PageState,
  mode: DialMode,
  servers: CellServers | undefined,
): Promise<Session> {
  const privacy = await openPrivacy(optionsOf(state, mode, servers));
  const sage = await openSage({
    catalogue: state.catalogue,
    retriever: privacy.retriever,
    store: memoryStore(),
    kinds: { save: 3 },
  });
  return { mode, privacy, sage };
}

function optionsOf(
  { catalogue, sage }: PageState,
  mode: DialMode,
  servers: CellServers | undefined,
): PrivacyOptions {
  const common = {
    store: indexedDbStore(LEDGER_STORE),
    now: () => Date.now() + epochsAhead * DAY_MS,
  };
  if (mode === "local") return { mode, catalogue, ...common };
  if (servers === undefined) throw new Error("The page names no servers of cells");
  if (mode === "anchors" || mode === "medoids") {
    const retriever = httpRetriever({ url: servers.engine, send: "ids" });
    return { mode, catalogue, retriever, history: () => historyOf(sage), ...common };
  }
  const cells = { mode: "cells", cells: { url: servers.cells }, ...common } as const;
  if (mode === "split") return { ...cells, transport: mode, hosts: servers.hosts };
  if (mode === "plain") return { ...cells, transport: mode };
  return { ...cells, transport: mode, epsilon: EPSILON, cap: EPSILON_CAP };
}

async function historyOf(sage: Sage): Promise<string[]> {
  return (await sage.actions({ count: LIMITS.maxCount })).map(({ item }) => item);
}

async function comparePicks(local: Sage, remote: Sage): Promise<DialState["picks"] & object> {
  const idsOf = async (sage: Sage): Promise<string[]> =>
    (await sage.recommend({ count: PICKS })).map(({ item }) => item);
  return { received: await idsOf(remote), local: await idsOf(local) };
}
