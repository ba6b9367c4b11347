/**
 * The dial of the panel "What has left this device": the modes of `pocketsage/privacy`, what each
 * would send, a button that sends it, the ledger and the planner. Loaded when it is opened.
 */
import type { Outbound } from "pocketsage";
import type { WorkerClient } from "../connect.js";
import { createButton, createGlyph, createHtml } from "../dom.js";
import { formatBytes, formatCount } from "../format.js";
import { type Items, itemById } from "../items.js";
import type { DialMode, DialState } from "./dial-session.js";
import { createLedger } from "./ledger-table.js";
import { createPlanner } from "./planner-table.js";
import { readServers } from "./servers.js";

export interface PrivacyDial {
  /** Shows the messages that the changed history would cause. Sends nothing. */
  refresh(): void;
}

export interface PrivacyDialContext {
  items: Items;
  call: WorkerClient["call"];
  /** The id of the catalogue that the page shows. */
  catalogue: string;
}

/** The modes, in order of what leaves, with the claim that may be made (docs/privacy.md). */
const MODES: readonly { mode: DialMode; title: string; claim: string }[] = [
  {
    mode: "local",
    title: "local",
    claim: "The history and the interests are never sent. This is the default.",
  },
  {
    mode: "split",
    title: "cells: two servers",
    claim:
      "Random bits go to two servers. Neither learns anything about the interests, as long as " +
      "the two do not collude.",
  },
  {
    mode: "static",
    title: "cells: sets with an epsilon",
    claim:
      "Five sets of two public cells an epoch go to one server, each epsilon-locally " +
      "differentially private for one interest. The ledger counts.",
  },
  {
    mode: "plain",
    title: "cells: plain",
    claim: "The cells of the interests, among random ones, go to one server: no protection.",
  },
  {
    mode: "anchors",
    title: "anchors",
    claim: "Public items near the interests, never items of the history. Topics are disclosed.",
  },
  {
    mode: "medoids",
    title: "medoids",
    claim: "Minimised, not private: each medoid is a true item of the history.",
  },
];

/** Fills `root` and opens the mode `local`. */
export function createPrivacyDial(root: HTMLElement, context: PrivacyDialContext): PrivacyDial {
  const { call } = context;
  const servers = readServers();
  const canSend = servers !== undefined && servers.catalogue === context.catalogue;
  const claim = createHtml("p", { id: "privacy-claim" });
  const problem = createHtml("p", { class: "privacy-problem", role: "alert" });
  const preview = createHtml("div", { class: "privacy-preview" });
  const result = createHtml("div", { class: "privacy-result", role: "status" });
  const log = createHtml("div");
  const ledger = createLedger();
  const choices = MODES.map(({ mode, title }) => {
    const radio = createHtml("input", {
      type: "radio",
      name: "privacy-mode",
      value: mode,
      checked: mode === "local",
      "aria-describedby": claim.id,
    });
    radio.addEventListener("change", () => select(mode));
    return createHtml("label", { class: "check" }, radio, ` ${title}`);
  });
  const send = createButton("Send it", () => run({ type: "send" }), { classes: "strong" });
  const nextEpoch = createButton("Begin the next epoch", () => run({ type: "next-epoch" }));
  root.replaceChildren(
    createHtml("h3", {}, "What may leave"),
    createHtml(
      "p",
      { class: "muted" },
      "The lists of this page stay local. Here the same interests ask servers in another mode, " +
        "once an epoch (a day), and only when you press the button.",
    ),
    createHtml("div", { class: "privacy-modes", role: "radiogroup" }, ...choices),
    claim,
    problem,
    preview,
    createHtml("div", { class: "button-row" }, send, nextEpoch),
    result,
    log,
    createHtml("h3", {}, "Ledger"),
    ledger.element,
    createHtml("h3", {}, "Planner"),
    createPlanner(context.items.size),
  );
  root.querySelector("[role=radiogroup]")?.setAttribute("aria-label", "What may leave");

  let mode: DialMode = "local";
  let queueEnd: Promise<unknown> = Promise.resolve();
  let pendingCount = 0;
  select(mode);
  return { refresh: () => (isOpen() ? run({ type: "refresh" }) : undefined) };

  /** Whether the selected mode has what it needs. */
  function isOpen(): boolean {
    return mode === "local" || canSend;
  }

  function select(next: DialMode): void {
    mode = next;
    claim.textContent = MODES.find((one) => one.mode === next)?.claim ?? "";
    for (const part of [preview, result, log]) part.replaceChildren();
    problem.textContent = "";
    if (isOpen()) return run({ type: "open", mode: next, servers });
    for (const button of [send, nextEpoch]) button.disabled = true;
    problem.textContent = missingServers(servers?.catalogue);
  }

  /** Runs requests one after the other; the attribute data-dial is "ready" after the last one. */
  function run(request: Parameters<typeof call<"privacy">>[1]): void {
    const requestedMode = mode;
    pendingCount += 1;
    root.dataset.dial = "working";
    if (request.type === "send") for (const button of [send, nextEpoch]) button.disabled = true;
    queueEnd = queueEnd.then(async () => {
      try {
        const state = await call("privacy", request);
        if (requestedMode !== mode) return;
        render(state);
        if (request.type !== "refresh") problem.textContent = "";
      } catch (error) {
        if (requestedMode !== mode) return;
        problem.textContent = error instanceof Error ? error.message : String(error);
        // Show the messages that were sent before the failure, and those that remain.
        if (request.type === "send") render(await call("privacy", { type: "refresh" }));
      } finally {
        pendingCount -= 1;
        if (pendingCount === 0) root.dataset.dial = "ready";
      }
    });
  }

  function render(state: DialState): void {
    preview.replaceChildren(...describePreview(state));
    log.replaceChildren(...describeLog(state));
    ledger.render(state.ledger);
    if (state.picks) result.replaceChildren(...describePicks(context.items, state.picks));
    send.disabled = state.mode === "local" || state.preview.length === 0;
    nextEpoch.disabled = state.mode === "local";
  }
}

function missingServers(catalogue: string | undefined): string {
  if (catalogue !== undefined)
    return (
      `The servers that this page names hold the catalogue “${catalogue}”, not the one shown: ` +
      "choose it above, and open this panel again. Nothing was sent."
    );
  return (
    "This mode needs servers, and this copy of the page names none: it is a folder of files. " +
    "Run npm start in a clone: it serves the page and two servers of cells on this machine. " +
    "Nothing was sent."
  );
}

function describePreview({ mode, preview, log }: DialState): Node[] {
  if (preview.length > 0)
    return [
      createHtml(
        "h4",
        {},
        `The next recommendation sends ${formatCount(preview.length, "message")}`,
      ),
      messageList(preview),
    ];
  if (mode === "local")
    return [createHtml("p", {}, "The next recommendation sends nothing: the catalogue is here.")];
  const text =
    log.length > 0
      ? "Nothing more leaves in this epoch: further recommendations search what was fetched."
      : "There is nothing to ask yet: tap a few things you like.";
  return [createHtml("p", {}, text)];
}

function describeLog({ log }: DialState): Node[] {
  if (log.length === 0) return [];
  return [
    createHtml("h4", {}, `Sent since this mode was chosen (${log.length})`),
    messageList(log),
  ];
}

/** Every message with its whole body: bytes as hexadecimal digits, an address as it is. */
function messageList(messages: readonly Outbound[]): HTMLElement {
  const list = createHtml("ol", { class: "message-list", tabindex: 0, "aria-label": "Messages" });
  for (const { to, bytes, says } of messages) {
    const body = textOf(to, bytes);
    list.append(
      createHtml(
        "li",
        {},
        createHtml("p", {}, `${body === to ? "GET" : "POST"} ${to}`),
        ...(body === to ? [] : [createHtml("code", {}, body)]),
        createHtml("p", { class: "muted" }, `${formatBytes(bytes.length)}. ${says}`),
      ),
    );
  }
  return list;
}

/** The address if the message has no body, else the body in hexadecimal digits. */
function textOf(to: string, bytes: Uint8Array): string {
  const address = new TextEncoder().encode(to);
  if (bytes.length === address.length && bytes.every((byte, index) => byte === address[index]))
    return to;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function describePicks(
  items: Items,
  { received, local }: NonNullable<DialState["picks"]>,
): HTMLElement[] {
  const equalCount = received.filter((item) => local.includes(item)).length;
  return [
    createHtml(
      "p",
      {},
      `Ranked on this device from the answers. ${equalCount} of ${received.length} are also in ` +
        "the list of the whole catalogue.",
    ),
    createHtml(
      "ul",
      { class: "privacy-picks" },
      ...received.map((id) => {
        const item = itemById(items, id);
        return createHtml("li", { title: item.label }, createGlyph(item), item.label);
      }),
    ),
  ];
}
