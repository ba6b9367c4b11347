/** What has left this device. Said by the Sage (`preview()`: what the next recommendation would send) and by the browser (what was fetched, and from where). */
import type { Outbound } from "pocketsage";
import { byId, make } from "./dom.js";
import type { Fetched } from "./fetches.js";
import { count, size } from "./words.js";

export interface Account {
  fetched(fetches: readonly Fetched[]): void;
  sends(outbound: readonly Outbound[]): void;
}

export function keepAccount(): Account {
  const fetches = new Map<string, number>();
  let outbound: readonly Outbound[] = [];
  const show = (): void => {
    const strangers = [...fetches.keys()].filter((address) => new URL(address).origin !== location.origin);
    byId("outbound-account").replaceChildren(...verdict(outbound, strangers));
    byId("outbound-fetches").replaceChildren(arrivals(fetches));
  };
  show();
  return {
    fetched(more) {
      for (const { address, bytes } of more) if (/^https?:/.test(address)) fetches.set(address, Math.max(bytes, fetches.get(address) ?? 0));
      show();
    },
    sends(next) {
      outbound = next;
      show();
    },
  };
}

function verdict(outbound: readonly Outbound[], strangers: readonly string[]): HTMLElement[] {
  const bytes = outbound.reduce((sum, message) => sum + message.bytes.length, 0);
  const next =
    outbound.length === 0
      ? "The next recommendation will ask the catalogue on this device, and send nothing."
      : `The next recommendation would send ${count(outbound.length, "message")}, ${size(bytes)}: ${outbound.map(({ to, says }) => `${says} to ${to}`).join("; ")}.`;
  if (strangers.length === 0 && outbound.length === 0) {
    return [make("p", { class: "verdict" }, "Nothing."), make("p", {}, next)];
  }
  const others = [...new Set(strangers.map((address) => new URL(address).host))].join(", ");
  return [
    make("p", { class: "verdict warn" }, strangers.length > 0 ? `Requests to ${others}.` : "Nothing yet."),
    make("p", {}, next),
  ];
}

function arrivals(fetches: ReadonlyMap<string, number>): HTMLElement {
  const rows = [...fetches].sort((a, b) => b[1] - a[1]);
  const total = rows.reduce((sum, [, bytes]) => sum + bytes, 0);
  return make(
    "details",
    {},
    make("summary", {}, `What came in: ${count(rows.length, "file")}, ${size(total)}`),
    make("p", { class: "soft" }, "The page, the program and the catalogue, the same for everyone. As your browser recorded them:"),
    make("ul", { class: "fetches" }, ...rows.map(([address, bytes]) => make("li", {}, make("span", {}, brief(address)), make("span", {}, size(bytes))))),
  );
}

/** The path of this page's own files; the whole address of any other. */
function brief(address: string): string {
  const { origin, pathname } = new URL(address);
  return origin === location.origin ? (pathname.split("/").pop() || pathname) : address;
}
