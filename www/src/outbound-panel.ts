/**
 * The panel "What has left this device". It combines two sources: `Sage.preview()`, which lists the
 * messages of the next recommendation, and the browser's record of every fetch and its origin.
 */
import type { Outbound } from "pocketsage";
import { byId, createHtml } from "./dom.js";
import { formatBytes, formatCount } from "./format.js";
import type { FetchRecord } from "./network-log.js";

export interface OutboundPanel {
  addFetches(fetches: readonly FetchRecord[]): void;
  /** Replaces the messages that the next recommendation would send. */
  setOutbound(outbound: readonly Outbound[]): void;
}

/**
 * The parts of the page. A fetched file belongs to the first part whose pattern matches its path;
 * files of other origins belong to none, as browsers do not disclose their sizes.
 */
const PAGE_PARTS = [
  { name: "The encoder of typed words", pattern: /-text-[\w-]+\.sage$/ },
  { name: "The catalogue", pattern: /\.sage$/ },
  { name: "PocketSage, in WebAssembly", pattern: /\.wasm$/ },
  { name: "This page", pattern: /(?:)/ },
] as const;

export function createOutboundPanel(): OutboundPanel {
  const bytesByUrl = new Map<string, number>();
  const partList = createHtml("dl", { class: "fetch-list" });
  const fileCount = createHtml("summary");
  const fileList = createHtml("ul", { class: "fetch-list" });
  byId("outbound-fetches").replaceChildren(
    createHtml("h3", {}, "What came in"),
    partList,
    createHtml("details", {}, fileCount, fileList),
  );
  let outbound: readonly Outbound[] = [];

  const renderVerdict = (): void => {
    const otherHosts = [...bytesByUrl.keys()]
      .filter((url) => !isOwn(url))
      .map((url) => new URL(url).host);
    byId("outbound-verdict").replaceChildren(...createVerdict(outbound, new Set(otherHosts)));
  };
  renderVerdict();
  return {
    addFetches(fetches) {
      for (const { url, bytes } of fetches) {
        if (!/^https?:/.test(url)) continue;
        // A repeated fetch may come from the cache, with 0 bytes.
        bytesByUrl.set(url, Math.max(bytes, bytesByUrl.get(url) ?? 0));
      }
      const otherCount = [...bytesByUrl.keys()].filter((url) => !isOwn(url)).length;
      fileCount.textContent =
        `${formatCount(bytesByUrl.size - otherCount, "file")}, the same for everyone, ` +
        (otherCount > 0 ? `and ${otherCount} of other hosts, ` : "") +
        "as your browser recorded them";
      const largestFirst = [...bytesByUrl].sort(([, a], [, b]) => b - a);
      fileList.replaceChildren(
        ...largestFirst.map(([url, bytes]) =>
          createHtml(
            "li",
            {},
            createHtml("span", {}, displayName(url)),
            createHtml("span", {}, formatBytes(bytes)),
          ),
        ),
      );
      partList.replaceChildren(
        ...bytesByPart(bytesByUrl).map(([name, bytes]) =>
          createHtml(
            "div",
            {},
            createHtml("dt", {}, name),
            createHtml("dd", {}, formatBytes(bytes)),
          ),
        ),
      );
      renderVerdict();
    },
    setOutbound(next) {
      // The verdict is a live region: rendering an equal one would announce it again.
      if (next.length === 0 && outbound.length === 0) return;
      outbound = next;
      renderVerdict();
    },
  };
}

function createVerdict(
  outbound: readonly Outbound[],
  otherHosts: ReadonlySet<string>,
): readonly HTMLElement[] {
  const next = createHtml("p", {}, describeNextRequest(outbound));
  if (otherHosts.size === 0 && outbound.length === 0)
    return [createHtml("p", { class: "verdict" }, "Nothing."), next];
  const warning =
    otherHosts.size > 0 ? `Requests to ${[...otherHosts].join(", ")}.` : "Nothing yet.";
  return [createHtml("p", { class: "verdict warn" }, warning), next];
}

function describeNextRequest(outbound: readonly Outbound[]): string {
  if (outbound.length === 0)
    return "The next recommendation will ask the catalogue on this device, and send nothing.";
  const bytes = outbound.reduce((sum, message) => sum + message.bytes.length, 0);
  const descriptions = outbound.map(({ to, says }) => `${says} to ${to}`).join("; ");
  return (
    `The next recommendation would send ${formatCount(outbound.length, "message")}, ` +
    `${formatBytes(bytes)}: ${descriptions}.`
  );
}

function bytesByPart(bytesByUrl: ReadonlyMap<string, number>): [name: string, bytes: number][] {
  const sums = new Map<string, number>(PAGE_PARTS.map(({ name }) => [name, 0]));
  for (const [url, bytes] of bytesByUrl) {
    const part = PAGE_PARTS.find(({ pattern }) => pattern.test(new URL(url).pathname));
    if (isOwn(url) && part !== undefined) sums.set(part.name, (sums.get(part.name) ?? 0) + bytes);
  }
  return [...sums].filter(([, bytes]) => bytes > 0);
}

function isOwn(url: string): boolean {
  return new URL(url).origin === location.origin;
}

/** The file name of a file of this origin; the whole URL of any other. */
function displayName(url: string): string {
  const { pathname } = new URL(url);
  return isOwn(url) ? pathname.split("/").pop() || pathname : url;
}
